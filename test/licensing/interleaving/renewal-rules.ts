import { ServiceError } from '../../../src/domain/service-error.js';
import { LicenseStatus } from '../../../src/domain/license.js';
import type { LicenseState } from '../../../src/licensing/license.reader.js';
import type { Choice, Ending } from './explorer.js';

/** What replicas and the issuer have, at a moment; ids are named in the order in which they appear. */
export interface Shared {
  readonly license: {
    readonly generation: number;
    readonly revision: number;
    readonly jti: string | null;
    readonly iat: number | null;
  };
  readonly revocations: number;
  readonly attempts: readonly {
    readonly id: string;
    readonly jti: string;
    readonly over: boolean;
    readonly outcome: string | null;
    readonly holder: string | null;
    readonly leased: boolean;
    readonly calls: number;
    readonly answered: number;
  }[];
  readonly plan: object;
  /** The actions that were recorded. */
  readonly audit: readonly string[];
  readonly issuer: {
    /** By `Idempotency-Key`. */
    readonly issued: Readonly<Record<string, string>>;
    /** The key of each request. */
    readonly asked: readonly string[];
    /** Requests without an answer. */
    readonly waiting: number;
    readonly revoked: boolean;
  };
}

/** A step, and what is known of who did it. */
export interface Stepped {
  readonly choice: Choice;
  readonly was: Shared;
  readonly is: Shared;
  /** The license as this renewal read it. */
  readonly read: Shared['license'] | undefined;
  /** Who is behind each holder of a lease. */
  readonly holders: ReadonlyMap<string, string>;
  readonly leasesRunOut: number;
}

/** What a renewal or a change may fail with, whatever happens. */
const PLAIN = [
  'license.changed',
  'license.not-found',
  'license.stale',
  'database.unavailable',
  'issuer.unavailable',
];

/** What is wrong with one step. */
export function stepFaults(step: Stepped): string[] {
  return [...licenseFaults(step), ...attemptFaults(step), ...issuerFaults(step)];
}

function licenseFaults({ choice, was, is, read }: Stepped): string[] {
  const [before, after] = [was.license, is.license];
  const recorded = is.audit.slice(was.audit.length);
  if (JSON.stringify(before) === JSON.stringify(after)) {
    return recorded.length === 0 ? [] : ['a change is recorded that is none'];
  }
  const faults = [];
  if (after.revision !== before.revision + 1) faults.push('the revision does not count the writes');
  if (recorded.length !== 1) faults.push('a change does not have one record');
  const [action] = recorded;
  const raised = after.generation - before.generation;
  const raises = action === 'license.remove' || action === 'license.revoke';
  if (raised !== (raises ? 1 : 0))
    faults.push(`the generation went from ${before.generation} to ${after.generation}`);
  if (action === 'license.remove' && after.jti !== null) faults.push('a removal left a license');
  if (action === 'license.revoke' && after.jti !== before.jti)
    faults.push('a revocation changed the license');
  // Going back is what somebody says, and no one else does.
  const goesBack = action === 'license.rollback' && choice.who === 'rollback';
  if (!raises && !goesBack && before.iat !== null && (after.iat ?? 0) < before.iat)
    faults.push('an older token is over a newer one');
  if (action === 'license.renew') {
    if (before.jti === null) faults.push('a renewal stored a license where none was');
    if (read?.generation !== before.generation)
      faults.push('a renewal from before a removal changed the license');
    if ((before.iat ?? 0) < (read?.iat ?? 0))
      faults.push('a renewal from before a rollback is stored over it');
  } else if (choice.who.startsWith('renewal') && action !== 'license.revoke') {
    faults.push(`a renewal did ${action}`);
  }
  return faults;
}

function attemptFaults({ choice, was, is, holders }: Stepped): string[] {
  const begun = is.attempts.filter(({ id }) => !was.attempts.some((known) => known.id === id));
  const faults = begun
    .filter(({ jti }) => jti !== was.license.jti)
    .map(({ jti }) => `an attempt was begun for ${jti}, which is not held any more`);
  for (const before of was.attempts) {
    const after = is.attempts.find(({ id }) => id === before.id);
    if (after === undefined) faults.push('an attempt is gone');
    else if (before.over && !isSame(before, after)) faults.push('an attempt that was over changed');
    else if (after.calls < before.calls || after.answered < before.answered)
      faults.push('an attempt went back');
    else if (before.holder !== null && after.holder === null && holders.get(before.holder) !== choice.who) {
      faults.push(`${choice.who} gave back the turn of ${holders.get(before.holder)}`);
    }
  }
  return faults;
}

/** That a lease runs out is no change. */
function isSame(a: Shared['attempts'][number], b: Shared['attempts'][number]): boolean {
  return JSON.stringify({ ...a, leased: false }) === JSON.stringify({ ...b, leased: false });
}

function issuerFaults({ is: { issuer, attempts }, leasesRunOut }: Stepped): string[] {
  const faults = [];
  for (const key of new Set(issuer.asked)) {
    const attempt = attempts.find(({ id }) => id === key);
    const times = issuer.asked.filter((other) => other === key).length;
    if (attempt === undefined) faults.push('the issuer was asked without an attempt');
    else if (attempt.calls < times)
      faults.push(`the issuer was asked ${times} times in ${attempt.calls} calls`);
  }
  if (issuer.waiting > 1 + leasesRunOut) faults.push(`${issuer.waiting} calls at a time`);
  return faults;
}

/**
 * What is wrong with how somebody ended.
 * @param seen - every state on the way, the first one included
 * @param untroubled - nothing went wrong so far, and nobody changed the license but renewals
 */
export function endFaults(
  name: string,
  ending: Ending,
  seen: readonly Shared[],
  untroubled: boolean,
): string[] {
  if (ending === 'killed') return [];
  if (ending.kind === 'rejected') {
    const code = codeOf(ending.error);
    if (untroubled) return [`${name} failed with ${code} though nothing went wrong`];
    const revoked = seen.at(-1)?.issuer.revoked === true;
    const allowed = revoked ? [...PLAIN, 'issuer.refused', 'issuer.bad-response'] : PLAIN;
    return allowed.includes(code) ? [] : [`${name} failed with ${code}`];
  }
  const held = new Set(seen.map(({ license }) => license.jti));
  if (name === 'removal') return held.has(null) ? [] : ['a removal was acknowledged, and never happened'];
  const jti = (ending.value as LicenseState).claims?.jti ?? null;
  return held.has(jti) ? [] : [`${name} was told of ${jti}, which was never stored`];
}

/** What is wrong with a renewal after everything, when every lease has run out. */
export function recoveryFaults(next: Ending, was: Shared, is: Shared): string[] {
  const open = is.attempts.filter(({ over, jti }) => !over && jti === was.license.jti);
  const faults = open.length === 0 ? [] : ['the next renewal left the attempt open'];
  const expected =
    was.license.jti === null ? 'license.not-found' : was.issuer.revoked ? 'issuer.refused' : 'valid';
  const found = outcomeOf(next);
  if (found !== expected) faults.push(`the next renewal came to ${found} instead of ${expected}`);
  if ((is.license.iat ?? 0) < (was.license.iat ?? 0)) faults.push('the next renewal stored an older token');
  return faults;
}

function outcomeOf(ending: Ending): string {
  if (ending === 'killed') return ending;
  if (ending.kind === 'rejected') return codeOf(ending.error);
  return (ending.value as LicenseState).status === LicenseStatus.Valid ? 'valid' : 'not valid';
}

function codeOf(error: unknown): string {
  return error instanceof ServiceError ? error.code : String(error);
}
