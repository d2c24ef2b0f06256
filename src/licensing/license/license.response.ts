import type { LicenseClaims } from '../../domain/license/license-claims.js';
import type { LicenseStatus } from '../../domain/license/license.js';
import type { LicenseState } from './license-reader.js';

/** What the API shows of a license. Times are Unix seconds; the signed token itself is never shown. */
export interface LicenseResponse {
  readonly status: LicenseStatus;
  readonly jti: string;
  readonly iss: string;
  readonly sub: string;
  readonly iat: number;
  readonly exp: number;
  readonly nbf: number;
  readonly lexp: number;
  readonly lid: string;
  readonly limit_by: string;
  readonly included_users: number;
  readonly included_admins?: number;
  readonly included_viewers?: number;
  readonly lic_exp_warn_days: number;
  readonly tok_exp_warn_days: number;
  readonly update_days: number;
  readonly prod: readonly string[] | null;
  readonly company: string;
  readonly account: string;
  readonly slug: string;
  readonly details_url: string;
  readonly max_concurrent_user_sessions: number;
  readonly trial: boolean;
  readonly trial_exp: number;
  readonly anonymousRatio: number;
  readonly usage_billing: boolean;
}

/** Every member is there, as zero where the license does not carry it; two are of an older generation of licenses. */
export function licenseResponse({ status, claims }: LicenseState): LicenseResponse {
  const known: Partial<LicenseClaims> = claims ?? {};
  const { included_admins, included_viewers } = known;
  return {
    status,
    jti: known.jti ?? '',
    iss: known.iss ?? '',
    sub: known.sub ?? '',
    iat: known.iat ?? 0,
    exp: known.exp ?? 0,
    nbf: known.nbf ?? 0,
    lexp: known.lexp ?? 0,
    lid: known.lid ?? '',
    limit_by: known.limit_by ?? '',
    included_users: known.included_users ?? 0,
    ...(included_admins === undefined ? {} : { included_admins }),
    ...(included_viewers === undefined ? {} : { included_viewers }),
    lic_exp_warn_days: known.lic_exp_warn_days ?? 0,
    tok_exp_warn_days: known.tok_exp_warn_days ?? 0,
    update_days: known.update_days ?? 0,
    prod: known.prod ?? null,
    company: known.company ?? '',
    account: known.account ?? '',
    slug: known.slug ?? '',
    details_url: known.details_url ?? '',
    max_concurrent_user_sessions: known.max_concurrent_user_sessions ?? 0,
    trial: known.trial ?? false,
    trial_exp: known.trial_exp ?? 0,
    anonymousRatio: known.anonymousRatio ?? 0,
    usage_billing: known.usage_billing ?? false,
  };
}
