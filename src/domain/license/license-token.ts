import { createHash } from 'node:crypto';
import { readJwsHeader, type TokenHeader, verifyJws } from '../token/compact-jws.js';
import type { KeySet } from '../token/key-set.js';
import {
  IDENTIFIER,
  type LicenseClaims,
  type LicenseCopy,
  readClaims,
  readLicenseClaims,
  TIME,
} from './license-claims.js';
import { judge, type LicensePolicy, LicenseStatus } from './license.js';
import { ServiceError } from '../service-error.js';
import { canonicalJson } from '../token/strict-json.js';
import type { VerificationKey } from '../token/verification-key.js';

export type { TokenHeader } from '../token/compact-jws.js';

/** A license whose signature and claims are sound; whether it is valid now and here is {@link judge}'s matter. */
export interface AuthenticatedLicense extends LicenseCopy {
  /** The compact JWS as it came. */
  readonly token: string;
  readonly claims: LicenseClaims;
  /** The key that verified it: stored with the license, it verifies it again when the issuer has retired it. */
  readonly key: VerificationKey;
}

/** The signed word of an issuer that a license is revoked. */
export interface RevocationStatement {
  readonly iss: string;
  readonly lid: string;
  /** When it was made, Unix seconds: tokens of the license up to this moment are revoked. */
  readonly iat: number;
}

/** Compared exactly, as `alg` is: issuers write one of these, and `null` stands for no `typ`. */
const LICENSE_TYPES = [null, 'JWT', 'license+jwt'];
const REVOCATION_TYPES = ['license-revocation+jwt'];

/** How far the `iat` of a revocation statement may lie ahead, in seconds. */
const REVOCATION_LEEWAY = 60;

/**
 * The header of a license token, by the rules of `docs/tokens.md` that need no key.
 *
 * @throws {ServiceError} `license.untrusted` for what is wrong with `alg` and `kid`, else `license.invalid`.
 */
export function readTokenHeader(token: unknown): TokenHeader {
  return readJwsHeader(token, LICENSE_TYPES);
}

/**
 * Verifies a license token by every rule of `docs/tokens.md` that does not depend on the moment or the instance.
 *
 * @throws {ServiceError} `license.untrusted` for `kid`, `alg` and signature, `license.invalid` for the rest.
 */
export async function authenticateLicenseToken(token: unknown, keys: KeySet): Promise<AuthenticatedLicense> {
  const { payload, key } = await verifyJws(token, keys, LICENSE_TYPES);
  const claims = readLicenseClaims(payload);
  const fingerprint = createHash('sha256').update(canonicalJson(payload)).digest('hex');
  return { token: token as string, claims, fingerprint, key };
}

/**
 * Requires that a license is valid at a moment, for an instance.
 *
 * @param nowSeconds Unix seconds.
 * @throws {ServiceError} with a `license.*` code of `docs/tokens.md` and a sentence that names the rule.
 */
export function assertValid(claims: LicenseClaims, policy: LicensePolicy, nowSeconds: number): void {
  const verdict = judge(claims, policy, nowSeconds);
  if (verdict.status !== LicenseStatus.Valid) throw new ServiceError(verdict.code, verdict.message);
}

/**
 * The header of a statement of revocation: which key of the issuer is needed to verify it.
 *
 * @throws {ServiceError} `issuer.bad-response`; its cause says which rule failed.
 */
export function readRevocationHeader(statement: unknown): TokenHeader {
  try {
    return readJwsHeader(statement, REVOCATION_TYPES);
  } catch (cause) {
    throw unverifiedStatement(cause);
  }
}

/**
 * Verifies an issuer's statement that a license is revoked: a JWS as strict as a license token, with the `typ`
 * `license-revocation+jwt`, so that neither can stand for the other.
 *
 * @param nowSeconds Unix seconds; the statement's `iat` may lie at most 60 s ahead.
 * @throws {ServiceError} `issuer.bad-response`; its cause says which rule failed.
 */
export async function verifyRevocationStatement(
  statement: unknown,
  keys: KeySet,
  { issuer }: Pick<LicensePolicy, 'issuer'>,
  nowSeconds: number,
): Promise<RevocationStatement> {
  try {
    const { payload } = await verifyJws(statement, keys, REVOCATION_TYPES);
    const claims = readClaims<RevocationStatement>(payload, { iss: IDENTIFIER, lid: IDENTIFIER, iat: TIME });
    if (claims.iss !== issuer) {
      throw new ServiceError('license.untrusted', 'The statement is by another issuer.');
    }
    if (!(claims.iat <= nowSeconds + REVOCATION_LEEWAY)) {
      throw new ServiceError('license.not-active', 'The statement was made in the future.');
    }
    return claims;
  } catch (cause) {
    throw unverifiedStatement(cause);
  }
}

function unverifiedStatement(cause: unknown): ServiceError {
  const message = "The issuer's revocation statement does not verify.";
  return new ServiceError('issuer.bad-response', message, { cause });
}
