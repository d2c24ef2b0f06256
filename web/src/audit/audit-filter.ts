/** What a reader typed to narrow the log. Empty texts narrow nothing. */
export interface TypedFilter {
  /** As `<input type="datetime-local">` has it, in the reader's zone: `2026-11-28T10:30`. */
  readonly from: string;
  readonly to: string;
  readonly actor: string;
  readonly action: string;
  readonly target: string;
}

export interface AuditQuery {
  readonly from?: number;
  readonly to?: number;
  readonly actor?: string;
  readonly action?: string;
  readonly target?: string;
}

export const NO_FILTER: TypedFilter = { from: '', to: '', actor: '', action: '', target: '' };

/** The filter as the API takes it: moments are Unix seconds, and the minute of `to` is in it to its last second. */
export function auditQuery({ from, to, actor, action, target }: TypedFilter): AuditQuery {
  const first = momentOf(from);
  const last = momentOf(to);
  return {
    ...(first === undefined ? {} : { from: first }),
    ...(last === undefined ? {} : { to: last + 59 }),
    ...(actor.trim() === '' ? {} : { actor: actor.trim() }),
    ...(action.trim() === '' ? {} : { action: action.trim() }),
    ...(target.trim() === '' ? {} : { target: target.trim() }),
  };
}

function momentOf(typed: string): number | undefined {
  const at = Math.floor(Date.parse(typed) / 1_000);
  return Number.isFinite(at) && at > 0 ? at : undefined;
}

/** The number of the last line of an export, from which the next part goes on. @param part - JSON lines, not empty */
export function lastNumber(part: string): string | undefined {
  const line = part.trimEnd().split('\n').at(-1) ?? '';
  const { number } = JSON.parse(line) as { number?: unknown };
  return typeof number === 'number' ? String(number) : undefined;
}
