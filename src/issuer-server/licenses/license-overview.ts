import { decodeJwt } from 'jose';
import { toSeconds } from '../../domain/clock.js';
import type { IssuedLicenseEntity } from './issued-license.entity.js';
import type { NewestEvents } from './license-history.store.js';

/** A license and what became of it; times in Unix seconds, null where they are not known. */
export interface LicenseOverview {
  readonly license: IssuedLicenseEntity;
  /** The `iss` of its tokens. */
  readonly iss: string;
  /** `iat` and `exp` of the last token that was signed. */
  readonly lastToken: { readonly iat: number; readonly exp: number } | null;
  readonly lastRenewal: {
    readonly at: number;
    readonly instance: string | null;
    readonly version: string | null;
  } | null;
  /** When the first of token and license ends that has not ended yet: until then something must happen. */
  readonly nextEnd: number | null;
}

/** Puts together what is known about a license. A revocation signs no token, so it is none of its tokens. */
export function overviewOf(
  license: IssuedLicenseEntity,
  newest: NewestEvents | undefined,
  { issuerId, now }: { readonly issuerId: string; readonly now: number },
): LicenseOverview {
  const { renewal } = newest ?? {};
  const lastToken = newest?.token ?? formerToken(license);
  const ends = license.status === 'revoked' ? [] : [lastToken?.exp ?? Infinity, license.lexp];
  const nextEnd = Math.min(...ends.filter((end) => end > now));
  return {
    license,
    iss: issuerId,
    lastToken,
    lastRenewal: renewal === undefined ? null : { ...renewal, at: toSeconds(renewal.at.getTime()) },
    nextEnd: Number.isFinite(nextEnd) ? nextEnd : null,
  };
}

/** Of a license from before there was a history: where its last token is known, its time is too. */
function formerToken({ lastToken, lastIat }: IssuedLicenseEntity): LicenseOverview['lastToken'] {
  const { exp } = lastToken === null ? {} : decodeJwt(lastToken);
  return exp === undefined ? null : { iat: lastIat, exp };
}
