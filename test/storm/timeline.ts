import type { AuditRecord } from './history.js';

/** A license of the next term, which counts from its `nbf` on, before the database has put it in its place. */
interface Queued {
  readonly jti: string | undefined;
  readonly lid: string;
  readonly iat: number;
  /** Unix seconds. */
  readonly exp: number;
  readonly nbf: number;
}

/** What the database held from one change to the next. */
export interface Moment {
  /** Whole of what is stored; between that and the next one, of what was queued there and has taken over. */
  readonly index: number;
  /** Unix milliseconds between which it could be held: of the change's record, and of the next one's. */
  readonly from: number;
  readonly until: number;
  /** Undefined without a license. */
  readonly jti: string | undefined;
  readonly lid: string | undefined;
  readonly iat: number;
  /** Unix seconds. */
  readonly exp: number;
  readonly revoked: boolean;
  readonly queued: Queued | undefined;
}

/**
 * A replica may go on so long from what was replaced, milliseconds. It should be one second; the rest is for a commit that takes its
 * time, and for a machine that has more to do than this.
 */
export const MAX_BEHIND_MS = 5_000;

/** What the database held, one after the other, told from the records of changes. */
export class Timeline {
  readonly moments: readonly Moment[];

  constructor(records: readonly AuditRecord[]) {
    const moments: Moment[] = [
      {
        index: 0,
        from: -Infinity,
        until: Infinity,
        jti: undefined,
        lid: undefined,
        iat: 0,
        exp: 0,
        revoked: false,
        queued: undefined,
      },
    ];
    for (const record of records) {
      const last = moments.at(-1) as Moment;
      moments[last.index] = { ...last, until: record.at };
      moments.push(after(last, record));
    }
    this.moments = moments;
  }

  get last(): Moment {
    return this.moments.at(-1) as Moment;
  }

  /** What a replica may show at some time of an interval. */
  visible(start: number, end: number): Moment[] {
    const isInTime = ({ from, until }: Moment) => from <= end && until + MAX_BEHIND_MS >= start;
    return this.moments.filter(isInTime).flatMap((moment) => {
      const { queued, from } = moment;
      if (queued === undefined || queued.nbf * 1_000 > end) return [moment];
      const { nbf, ...license } = queued;
      const next = { index: moment.index + 0.5, from: Math.max(from, nbf * 1_000), until: moment.until };
      const after = { ...next, ...license, revoked: false, queued: undefined };
      // Whoever knows of it goes by it in the very second.
      return Math.floor(start / 1_000) >= nbf ? [after] : [moment, after];
    });
  }
}

/** Whether a replica that shows this could say at some time of the interval that the license is valid, or that it is not. */
export function mayBe(valid: boolean, { jti, exp, revoked }: Moment, start: number, end: number): boolean {
  const usable = jti !== undefined && !revoked;
  return valid ? usable && exp > Math.floor(start / 1000) : !usable || exp <= Math.floor(end / 1000);
}

function after(last: Moment, { at, action, lid, jti, iat = 0, exp = 0, nbf = 0 }: AuditRecord): Moment {
  const next = { ...last, index: last.index + 1, from: at, until: Infinity };
  switch (action) {
    case 'license.remove':
      return {
        ...next,
        ...{ jti: undefined, lid: undefined, iat: 0, exp: 0, revoked: false, queued: undefined },
      };
    case 'license.queue':
      return { ...next, queued: { jti, lid, iat, exp, nbf } };
    case 'license.dequeue':
      // Nobody sees this: the change that follows is of the same transaction.
      return { ...next, from: Infinity, queued: undefined };
    case 'license.promote':
      return { ...next, jti, lid, iat, exp, revoked: false, queued: undefined };
    case 'license.revoke':
      return { ...next, revoked: next.revoked || lid === last.lid };
    default:
      return { ...next, jti, lid, iat, exp, revoked: false };
  }
}
