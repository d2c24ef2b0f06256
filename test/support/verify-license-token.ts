import {
  assertValid,
  type AuthenticatedLicense,
  authenticateLicenseToken,
} from '../../src/domain/license/license-token.js';
import type { LicensePolicy } from '../../src/domain/license/license.js';
import type { KeySet } from '../../src/domain/token/key-set.js';

/** Verifies a token as the service does, and requires that it is valid at a moment (Unix seconds). */
export async function verifyLicenseToken(
  token: unknown,
  keys: KeySet,
  policy: LicensePolicy,
  nowSeconds: number,
): Promise<AuthenticatedLicense> {
  const license = await authenticateLicenseToken(token, keys);
  assertValid(license.claims, policy, nowSeconds);
  return license;
}
