import type { LicenseClaims } from '../license/license-claims.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../token/strict-json.js';
import { USAGE_WINDOWS, type UsageWindow } from './usage-window.js';

export const SEAT_MODES = ['active-only', 'tolerance', 'metered', 'report'] as const;
export const SEAT_LEAVES = ['keep', 'free'] as const;
export const MAX_TOLERANCE_PERCENT = 1000;
/** More faults than this are not named: a license can have thousands of members. */
const MAX_FAULTS = 20;

/** What a license says about seats besides their number: its claim `seat_policy`. */
export interface SeatPolicy {
  /** What becomes of new people at the limit. */
  readonly mode: (typeof SEAT_MODES)[number];
  /** Of the limit, for the mode `tolerance`. */
  readonly tolerancePercent: number;
  readonly window: UsageWindow;
  /** Whether a user who leaves keeps the seat until the window has passed. */
  readonly leave: (typeof SEAT_LEAVES)[number];
}

export const DEFAULT_SEAT_POLICY: SeatPolicy = {
  mode: 'active-only',
  tolerancePercent: 0,
  window: 'rolling-30d',
  leave: 'keep',
};

/** The same as the claim has it. What is absent is as in {@link DEFAULT_SEAT_POLICY}. */
export interface SeatPolicyClaim {
  readonly mode?: SeatPolicy['mode'];
  readonly tolerance_percent?: number;
  readonly window?: SeatPolicy['window'];
  readonly leave?: SeatPolicy['leave'];
}

/** A policy, and what of the claim counts as absent: sentences for the operator. */
export interface ReadSeatPolicy {
  readonly policy: SeatPolicy;
  readonly faults: readonly string[];
}

const MEMBERS = ['mode', 'tolerance_percent', 'window', 'leave'];

/** The policy of a license. No claim makes a license invalid here: what is malformed counts as absent. */
export function readSeatPolicy({
  seat_policy: claim,
  usage_billing: isBilled,
}: Pick<LicenseClaims, 'seat_policy' | 'usage_billing'>): ReadSeatPolicy {
  const faults: string[] = [];
  const members = claim === undefined ? {} : objectOf(claim, faults);
  const oneOf = <const T extends string>(name: string, values: readonly T[], fallback: T): T => {
    const value = members[name];
    if (value === undefined) return fallback;
    const known = values.find((candidate) => candidate === value);
    if (known === undefined) faults.push(`seat_policy.${name} must be one of ${values.join(', ')}`);
    return known ?? fallback;
  };
  const mode = oneOf('mode', SEAT_MODES, DEFAULT_SEAT_POLICY.mode);
  const policy: SeatPolicy = {
    mode: isBilled === true ? 'metered' : mode,
    tolerancePercent: tolerancePercent(members.tolerance_percent, faults),
    window: oneOf('window', USAGE_WINDOWS, DEFAULT_SEAT_POLICY.window),
    leave: oneOf('leave', SEAT_LEAVES, DEFAULT_SEAT_POLICY.leave),
  };
  for (const name of Object.keys(members)) {
    if (!MEMBERS.includes(name)) faults.push(unknownMember(name));
  }
  return { policy, faults: faults.slice(0, MAX_FAULTS) };
}

function objectOf(claim: JsonValue, faults: string[]): JsonObject {
  if (isJsonObject(claim)) return claim;
  faults.push('seat_policy must be an object');
  return {};
}

function tolerancePercent(value: JsonValue | undefined, faults: string[]): number {
  if (value === undefined) return DEFAULT_SEAT_POLICY.tolerancePercent;
  if (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MAX_TOLERANCE_PERCENT)
    return Number(value);
  faults.push(`seat_policy.tolerance_percent must be a whole number from 0 to ${MAX_TOLERANCE_PERCENT}`);
  return DEFAULT_SEAT_POLICY.tolerancePercent;
}

/** Names the member only where it is a plain name. */
function unknownMember(name: string): string {
  return /^[A-Za-z0-9_-]{1,40}$/.test(name)
    ? `seat_policy.${name} is not known`
    : 'seat_policy has a member that is not known';
}
