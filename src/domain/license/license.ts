import type { LicenseClaims, LicenseCopy } from './license-claims.js';
import {
  CLOCK_LEEWAY,
  type Comparable,
  type LicensePolicy,
  LicenseStatus,
  RULES,
  type RuleName,
  type Verdict,
} from './license-rules.js';
import { isRootUrl, readRootUrl } from '../root-url.js';

export { type LicensePolicy, LicenseStatus, type Verdict } from './license-rules.js';

/** What became of one rule. */
export interface TracedRule {
  readonly rule: RuleName;
  /** Behind a rule that failed none is looked at. */
  readonly verdict: 'passed' | 'failed' | 'not-reached';
  /** Of one that failed it is the verdict's own. */
  readonly sentence: string;
  /**
   * The claim's value, and what it was held against; undefined where there is none, and where nothing was
   * looked at.
   */
  readonly value?: Comparable;
  readonly against?: Comparable;
}

const VALID: Verdict = { status: LicenseStatus.Valid, message: 'The license is valid.' };
const NOT_REACHED = 'Not looked at: a rule before it did not pass.';

/**
 * Whether a license is valid at a moment, by the rules of `docs/tokens.md` in their order.
 *
 * @param nowSeconds Unix seconds. Compared so that a moment that is no number makes nothing valid.
 * @param revokedAt the `iat` of a verified revocation of this `lid`, Unix seconds, if there is one.
 * @param leeway how far `nbf` may lie ahead, seconds
 */
export function judge(
  claims: LicenseClaims,
  policy: LicensePolicy,
  nowSeconds: number,
  revokedAt?: number,
  leeway = CLOCK_LEEWAY,
): Verdict {
  const facts = { claims, policy, now: nowSeconds, revokedAt, leeway };
  return RULES.find(({ holds }) => !holds(facts))?.refusal ?? VALID;
}

/**
 * What {@link judge} looks at, rule by rule: it finds a license valid exactly when every rule passed.
 *
 * @param nowSeconds Unix seconds
 * @param revokedAt as in `judge`, and `leeway` too
 */
export function traceRules(
  claims: LicenseClaims,
  policy: LicensePolicy,
  nowSeconds: number,
  revokedAt?: number,
  leeway = CLOCK_LEEWAY,
): TracedRule[] {
  const facts = { claims, policy, now: nowSeconds, revokedAt, leeway };
  let isReached = true;
  return RULES.map(({ name, holds, value, against, kept, refusal }): TracedRule => {
    if (!isReached) return notReached(name);
    isReached = holds(facts);
    return {
      rule: name,
      verdict: isReached ? 'passed' : 'failed',
      sentence: isReached ? kept : refusal.message,
      value: value(claims),
      against: against(facts),
    };
  });
}

/**
 * The rules of a license that does not verify, or is not verified yet: none is reached, because they need its
 * claims.
 */
export function untraceableRules(): TracedRule[] {
  return RULES.map(({ name }) => notReached(name));
}

/**
 * Judges a license that is to wait for its `nbf`: valid where that is all it lacks, and it would be valid at its `nbf`.
 *
 * @param nowSeconds Unix seconds
 * @param revokedAt as in `judge`
 */
export function judgeForQueue(
  claims: LicenseClaims,
  policy: LicensePolicy,
  nowSeconds: number,
  revokedAt?: number,
): Verdict {
  const { nbf = nowSeconds, ...others } = claims;
  const present = judge(others, policy, nowSeconds, revokedAt);
  return present.status === LicenseStatus.Valid
    ? judge(claims, policy, Math.max(nbf, nowSeconds), revokedAt)
    : present;
}

/** The first second, Unix seconds, at which a license can be valid. */
export function firstMoment({ iat, nbf = iat }: LicenseClaims): number {
  return Math.max(iat, nbf) - CLOCK_LEEWAY;
}

/** Negative when `a` is older than `b`, positive when newer, 0 when neither: by `iat`, then by `exp`. */
export function compareTokens(a: LicenseClaims, b: LicenseClaims): number {
  return a.iat - b.iat || a.exp - b.exp;
}

/** Whether `a` is older than `b`. */
export function isOlder(a: LicenseClaims, b: LicenseClaims): boolean {
  return compareTokens(a, b) < 0;
}

/**
 * What to do with a verified license that is uploaded: `unchanged` when it is the stored one, `stale` when it
 * must not take the stored one's place, else `replace`.
 *
 * A license is known by `iss`, `lid` and `jti`, and the same claims signed anew are the same license. An older
 * token is stale beside a stored *valid* one of its `lid` alone: what does not work may be replaced by what does.
 */
export function decideInstall(
  stored: LicenseCopy | undefined,
  candidate: LicenseCopy,
  isStoredValid: boolean,
): 'unchanged' | 'replace' | 'stale' {
  if (stored === undefined || !isSameLicense(stored.claims, candidate.claims)) return 'replace';
  if (stored.claims.jti === candidate.claims.jti) {
    return stored.fingerprint === candidate.fingerprint ? 'unchanged' : 'stale';
  }
  return isStoredValid && isOlder(candidate.claims, stored.claims) ? 'stale' : 'replace';
}

/**
 * What to do with a verified license of the next term that is to wait for its `nbf`: what {@link
 * decideInstall} says of it beside the stored license, and beside the one that waits already.
 */
export function decideQueue(
  stored: LicenseCopy | undefined,
  queued: LicenseCopy | undefined,
  candidate: LicenseCopy,
  isStoredValid: boolean,
): 'unchanged' | 'replace' | 'stale' {
  const besideStored = decideInstall(stored, candidate, isStoredValid);
  return besideStored === 'replace' ? decideInstall(queued, candidate, true) : besideStored;
}

/** Why a license left the queue without taking over; the history shows it. */
export type DequeueReason = 'replaced' | 'installed' | 'passed-by' | 'removed';

/**
 * Why the waiting license leaves the queue when another one is stored: `installed` when it is that license
 * itself, `passed-by` when its term has begun without a takeover. Undefined where it goes on waiting: for its
 * term, or behind a newer token of its own.
 */
export function dequeuedBy(
  queued: LicenseCopy | undefined,
  stored: LicenseCopy,
  hasBegun: boolean,
): Extract<DequeueReason, 'installed' | 'passed-by'> | undefined {
  if (queued === undefined) return undefined;
  if (decideInstall(queued, stored, true) === 'unchanged') return 'installed';
  const isBehind = isSameLicense(queued.claims, stored.claims) && isOlder(queued.claims, stored.claims);
  return hasBegun && !isBehind ? 'passed-by' : undefined;
}

/**
 * What to do with a verified license that the issuer gave for the stored one: `unusable` when it is for another
 * license or root URL, older, or has the same `jti` with other claims.
 */
export function decideRenewal(
  stored: LicenseCopy,
  candidate: LicenseCopy,
): 'unchanged' | 'replace' | 'unusable' {
  const [before, after] = [stored.claims, candidate.claims];
  if (!isSameLicense(before, after) || !isSameSubject(before.sub, after.sub)) return 'unusable';
  if (before.jti === after.jti)
    return stored.fingerprint === candidate.fingerprint ? 'unchanged' : 'unusable';
  return isOlder(after, before) ? 'unusable' : 'replace';
}

function notReached(rule: RuleName): TracedRule {
  return { rule, verdict: 'not-reached', sentence: NOT_REACHED };
}

/** Whether two tokens are of one license: by `iss` and `lid`. */
export function isSameLicense(a: LicenseClaims, b: LicenseClaims): boolean {
  return a.iss === b.iss && a.lid === b.lid;
}

function isSameSubject(a: string, b: string): boolean {
  if (a === b) return true;
  const address = readRootUrl(b);
  return address !== undefined && isRootUrl(a, address);
}
