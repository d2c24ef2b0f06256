import { DAY } from '../clock.js';
import type { LicenseClaims } from './license-claims.js';
import { CLOCK_LEEWAY } from './license-rules.js';
import { renewalDueAt } from './renewal-policy.js';

/** What a valid license says of its coming end (contract section 2). */
export const LICENSE_WARNINGS = ['token-ends-soon', 'license-ends-soon'] as const;

export type LicenseWarning = (typeof LICENSE_WARNINGS)[number];

/** A moment from which something else is to be said than the second before. */
export interface Transition<State> {
  /** Unix seconds. */
  readonly at: number;
  /** Which members of the state are different from then on; at least one. */
  readonly changes: readonly (keyof State & string)[];
  readonly state: State;
}

/**
 * What is to be warned of at a moment: of the token from `exp - tok_exp_warn_days` until `exp`, of the license from
 * `lexp - lic_exp_warn_days` until `lexp`. Without such a claim of nothing.
 *
 * @param nowSeconds Unix seconds
 */
export function warningsAt(claims: LicenseClaims, nowSeconds: number): LicenseWarning[] {
  const { exp, lexp } = claims;
  const [token, license] = warningsFrom(claims);
  const windows = [
    [token, exp],
    [license, lexp],
  ] as const;
  return LICENSE_WARNINGS.filter((_, index) => {
    const [from, until] = windows[index] ?? [];
    return from !== undefined && until !== undefined && from <= nowSeconds && nowSeconds < until;
  });
}

/**
 * Every moment, Unix seconds, at which the mere passing of time can change what is to be said of a license:
 * where a rule changes its mind, with its leeway and without, where a warning begins, and where its renewal
 * is due.
 */
export function turningPoints(claims: LicenseClaims): number[] {
  const { iat, nbf = iat, exp, lexp } = claims;
  const starts = [iat, nbf].flatMap((start) => [start - CLOCK_LEEWAY, start]);
  return [...starts, ...warningsFrom(claims), renewalDueAt(claims), exp, lexp];
}

/**
 * Every moment after another at which the state differs from that of the second before, in their order.
 *
 * @param from Unix seconds; its own state is where the comparison begins
 * @param licenses every license that is held, whether it counts by then or not
 * @param stateAt what is to be said at a moment; what it depends on besides time is the licenses alone
 */
export function* transitions<State extends object>(
  from: number,
  licenses: readonly LicenseClaims[],
  stateAt: (moment: number) => State,
): Generator<Transition<State>, void> {
  const moments = new Set(licenses.flatMap(turningPoints).filter((moment) => moment > from));
  let before = stateAt(from);
  for (const at of [...moments].sort((a, b) => a - b)) {
    const state = stateAt(at);
    const changes = differences(before, state);
    if (changes.length > 0) yield { at, changes, state };
    before = state;
  }
}

function warningsFrom({ exp, lexp, tok_exp_warn_days = 0, lic_exp_warn_days = 0 }: LicenseClaims) {
  return [exp - tok_exp_warn_days * DAY, lexp - lic_exp_warn_days * DAY] as const;
}

/** States are plain values: what reads the same is the same. */
function differences<State extends object>(before: State, after: State): (keyof State & string)[] {
  const names = Object.keys(after) as (keyof State & string)[];
  return names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
}
