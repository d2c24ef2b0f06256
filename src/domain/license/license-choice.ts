import {
  compareTokens,
  isOlder,
  isSameLicense,
  judge,
  type LicensePolicy,
  LicenseStatus,
  type TracedRule,
  traceRules,
  type Verdict,
} from './license.js';
import type { LicenseCopy } from './license-claims.js';

/**
 * Where a license comes from: uploaded or renewed into the database, waiting there for its term to begin,
 * `LICENSE_PATH`, `LICENSE_TEXT`.
 */
export const LICENSE_SOURCES = ['database', 'queue', 'file', 'text'] as const;

export type LicenseSource = (typeof LICENSE_SOURCES)[number];

/** A license of one source, its signature verified. */
export interface Candidate<License extends LicenseCopy = LicenseCopy> {
  readonly source: LicenseSource;
  readonly license: License;
  /** The `iat` of a verified revocation of this license, Unix seconds, if there is one. */
  readonly revokedAt: number | undefined;
  /**
   * No earlier moment counts for it, Unix seconds, if there is such: clocks that agreed saw it expired then,
   * or its term begun.
   */
  readonly judgedFrom?: number | undefined;
  /** How far its `nbf` may lie ahead, seconds; as far as clocks may differ unless given. What waits has no leeway. */
  readonly leeway?: number;
}

/** A candidate with what the rules of `docs/tokens.md` say of it at a moment. */
export interface Judged<License extends LicenseCopy = LicenseCopy> extends Candidate<License> {
  readonly verdict: Verdict;
}

/**
 * Ranks the licenses of all sources: the newest valid one first (later `iat`, then later `exp`; contract section 3).
 * Without a valid one, the newest of this instance comes first, before those of others. Equal ones keep their order.
 *
 * @param nowSeconds Unix seconds
 */
export function rankLicenses<License extends LicenseCopy>(
  candidates: readonly Candidate<License>[],
  policy: LicensePolicy,
  nowSeconds: number,
): Judged<License>[] {
  return candidates
    .map((candidate) => ({
      ...candidate,
      verdict: judgeCandidate(candidate, policy, nowSeconds),
    }))
    .sort(
      (a, b) =>
        standing(b.verdict) - standing(a.verdict) || compareTokens(b.license.claims, a.license.claims),
    );
}

/**
 * Which of the database's two licenses are candidates at a moment: before the `nbf` of the queued one, the stored one
 * alone; from then on the queued one alone, as if it had been uploaded then. Two cases differ: a queued
 * license that is not valid when its term begins never takes over, and one that is older than the stored
 * token of the *same* license (it was renewed meanwhile) only stands beside it until that does not count any
 * more, so that nothing newer is given up. Then it replaces that for good. `nbf` has no leeway here (contract
 * section 2).
 *
 * @param presentSeconds the present moment, Unix seconds: nothing is replaced before it
 * @param nowSeconds Unix seconds
 */
export function candidatesOfDatabase<One extends Candidate>(
  stored: One | undefined,
  queued: One | undefined,
  policy: LicensePolicy,
  presentSeconds: number,
  nowSeconds: number,
): One[] {
  const alone = stored === undefined ? [] : [stored];
  if (queued === undefined || !hasBegun(queued, policy, nowSeconds)) return alone;
  if (stored === undefined) return [queued];
  const [before, after] = [stored.license.claims, queued.license.claims];
  if (!isSameLicense(before, after) || !isOlder(after, before)) return [queued];
  const both = [stored, queued];
  // What is stored stops to count at its end, if it does at all.
  const from = Math.max(presentSeconds, beginOf(queued));
  const hasReplaced = [from, before.exp, before.lexp]
    .filter((moment) => from <= moment && moment <= nowSeconds)
    .some((moment) => rankLicenses(both, policy, moment)[0]?.license === queued.license);
  return hasReplaced ? [queued] : both;
}

/** When the term of a license that waits begins, Unix seconds. */
function beginOf({ license: { claims } }: Candidate): number {
  return claims.nbf ?? claims.iat;
}

function hasBegun(queued: Candidate, policy: LicensePolicy, nowSeconds: number): boolean {
  const { license, revokedAt } = queued;
  const begin = beginOf(queued);
  return (
    nowSeconds >= begin && judge(license.claims, policy, begin, revokedAt).status === LicenseStatus.Valid
  );
}

/** Whether a candidate is valid by itself. @param nowSeconds Unix seconds */
export function judgeCandidate(candidate: Candidate, policy: LicensePolicy, nowSeconds: number): Verdict {
  const { license, revokedAt, leeway } = candidate;
  return judge(license.claims, policy, momentFor(candidate, nowSeconds), revokedAt, leeway);
}

/** Why a candidate has its verdict, rule by rule. @param nowSeconds Unix seconds */
export function traceCandidate(
  candidate: Candidate,
  policy: LicensePolicy,
  nowSeconds: number,
): TracedRule[] {
  const { license, revokedAt, leeway } = candidate;
  return traceRules(license.claims, policy, momentFor(candidate, nowSeconds), revokedAt, leeway);
}

/**
 * The moment by which a candidate is judged: a clock that is set back takes nothing back that was seen.
 *
 * @param nowSeconds Unix seconds, as the result
 */
export function momentFor({ judgedFrom }: Pick<Candidate, 'judgedFrom'>, nowSeconds: number): number {
  return judgedFrom === undefined ? nowSeconds : Math.max(nowSeconds, judgedFrom);
}

/** Valid before not valid, and what was made for this instance before what was not. */
function standing({ status, code }: Verdict): number {
  if (status === LicenseStatus.Valid) return 2;
  return code === 'license.untrusted' || code === 'license.subject-mismatch' ? 0 : 1;
}
