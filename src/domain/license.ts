import type { LicenseClaims, LicenseCopy } from './license-claims.js';
import { parseRootUrl, type RootUrl, RootUrlError, sameRootUrl } from './root-url.js';

/** The `status` of a license, as the HTTP API numbers it. */
export const LicenseStatus = {
  NotLoaded: 0,
  Valid: 1,
  Loaded: 2,
  Invalid: 3,
  NotFound: 4,
  Expired: 5,
  InvalidSubject: 6,
} as const;

export type LicenseStatus = (typeof LicenseStatus)[keyof typeof LicenseStatus];

/** Which licenses an instance takes. */
export interface LicensePolicy {
  /** The `iss` of its licenses, compared exactly. */
  readonly issuer: string;
  /** The address that its licenses are for. */
  readonly rootUrl: RootUrl;
  /** A license names one of these, or more, in `prod`. */
  readonly products: readonly string[];
}

/** Whether a license is valid, and if not, the first rule that it breaks. */
export type Verdict =
  | { readonly status: typeof LicenseStatus.Valid; readonly code?: undefined; readonly message: string }
  | {
      readonly status:
        typeof LicenseStatus.Invalid | typeof LicenseStatus.Expired | typeof LicenseStatus.InvalidSubject;
      readonly code:
        | 'license.invalid'
        | 'license.untrusted'
        | 'license.not-active'
        | 'license.subject-mismatch'
        | 'license.expired';
      /** One sentence. */
      readonly message: string;
    };

/** How far `nbf` and `iat` may lie ahead, in seconds: clocks differ. `exp` and `lexp` have no leeway. */
const CLOCK_LEEWAY = 10;

/**
 * Whether a license is valid at a moment, by the rules of `docs/tokens.md` in their order.
 *
 * @param nowSeconds Unix seconds. Written so that a moment that is no number makes nothing valid.
 * @param revokedAt the `iat` of a verified revocation of this `lid`, Unix seconds, if there is one.
 */
export function judge(
  claims: LicenseClaims,
  policy: LicensePolicy,
  nowSeconds: number,
  revokedAt?: number,
): Verdict {
  const { Valid, Invalid, Expired, InvalidSubject } = LicenseStatus;
  const { iss, sub, nbf, iat, lexp, exp, prod } = claims;
  const latestStart = nowSeconds + CLOCK_LEEWAY;
  if (iss !== policy.issuer) {
    return refusal(
      Invalid,
      'license.untrusted',
      'The license is by another issuer: its "iss" is not the configured one.',
    );
  }
  if (!isAddress(sub, policy.rootUrl)) {
    return refusal(
      InvalidSubject,
      'license.subject-mismatch',
      'The license is for another instance: its "sub" is not the root URL.',
    );
  }
  if (nbf !== undefined && !(nbf <= latestStart)) {
    return refusal(Invalid, 'license.not-active', 'The license is not active yet: its "nbf" lies ahead.');
  }
  if (!(iat <= latestStart)) {
    return refusal(
      Invalid,
      'license.not-active',
      'The license token is not active yet: its "iat" lies ahead.',
    );
  }
  if (!(lexp > nowSeconds))
    return refusal(Expired, 'license.expired', 'The license has expired: its "lexp" has passed.');
  if (!(exp > nowSeconds))
    return refusal(Expired, 'license.expired', 'The license token has expired: its "exp" has passed.');
  if (revokedAt !== undefined && !(iat > revokedAt)) {
    return refusal(Invalid, 'license.invalid', 'The license was revoked by its issuer.');
  }
  if (!prod.some((product) => policy.products.includes(product))) {
    return refusal(
      Invalid,
      'license.invalid',
      'The license is for another product: its "prod" names none of this one.',
    );
  }
  return { status: Valid, message: 'The license is valid.' };
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
  storedIsValid: boolean,
): 'unchanged' | 'replace' | 'stale' {
  if (stored === undefined || !isSameLicense(stored.claims, candidate.claims)) return 'replace';
  if (stored.claims.jti === candidate.claims.jti) {
    return stored.fingerprint === candidate.fingerprint ? 'unchanged' : 'stale';
  }
  return storedIsValid && isOlder(candidate.claims, stored.claims) ? 'stale' : 'replace';
}

/**
 * What to do with a verified license of the next term that is to wait for its `nbf`: what {@link decideInstall} says of it
 * beside the stored license, and beside the one that waits already.
 */
export function decideQueue(
  stored: LicenseCopy | undefined,
  queued: LicenseCopy | undefined,
  candidate: LicenseCopy,
  storedIsValid: boolean,
): 'unchanged' | 'replace' | 'stale' {
  const besideStored = decideInstall(stored, candidate, storedIsValid);
  return besideStored === 'replace' ? decideInstall(queued, candidate, true) : besideStored;
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

function refusal<S, C>(status: S, code: C, message: string): { status: S; code: C; message: string } {
  return { status, code, message };
}

/** Whether two tokens are of one license: by `iss` and `lid`. */
export function isSameLicense(a: LicenseClaims, b: LicenseClaims): boolean {
  return a.iss === b.iss && a.lid === b.lid;
}

function isSameSubject(a: string, b: string): boolean {
  if (a === b) return true;
  const address = readAddress(b);
  return address !== undefined && isAddress(a, address);
}

function isAddress(sub: string, rootUrl: RootUrl): boolean {
  const address = readAddress(sub);
  return address !== undefined && sameRootUrl(address, rootUrl);
}

function readAddress(text: string): RootUrl | undefined {
  try {
    return parseRootUrl(text);
  } catch (error) {
    if (error instanceof RootUrlError) return undefined;
    throw error;
  }
}
