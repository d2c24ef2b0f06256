import { compareTokens, judge, type LicensePolicy, LicenseStatus, type Verdict } from './license.js';
import type { LicenseCopy } from './license-claims.js';

/** Where a license comes from: uploaded or renewed into the database, `LICENSE_PATH`, `LICENSE_TEXT`. */
export const LICENSE_SOURCES = ['database', 'file', 'text'] as const;

export type LicenseSource = (typeof LICENSE_SOURCES)[number];

/** A license of one source, its signature verified. */
export interface Candidate<License extends LicenseCopy = LicenseCopy> {
  readonly source: LicenseSource;
  readonly license: License;
  /** The `iat` of a verified revocation of this license, Unix seconds, if there is one. */
  readonly revokedAt: number | undefined;
}

/** A candidate with what the rules of `docs/tokens.md` say of it at a moment. */
export interface Judged<License extends LicenseCopy = LicenseCopy> extends Candidate<License> {
  readonly verdict: Verdict;
}

/**
 * Orders the licenses of all sources, the one that counts first: the freshest valid one wins (later `iat`, then later
 * `exp`; contract section 3). Where none is valid, the freshest of this instance says why, before those of others. Of
 * equals the one named first stays first.
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
      verdict: judge(candidate.license.claims, policy, nowSeconds, candidate.revokedAt),
    }))
    .sort(
      (a, b) =>
        standing(b.verdict) - standing(a.verdict) || compareTokens(b.license.claims, a.license.claims),
    );
}

/** Valid before not valid, and what was made for this instance before what was not. */
function standing({ status, code }: Verdict): number {
  if (status === LicenseStatus.Valid) return 2;
  return code === 'license.untrusted' || code === 'license.subject-mismatch' ? 0 : 1;
}
