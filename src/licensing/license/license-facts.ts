import type { LicenseClaims } from '../../domain/license/license-claims.js';
import type { StoredContent } from '../../snapshot/snapshot.js';

type LicenseFacts = Readonly<Record<string, unknown>>;

/** What an audit record says of a license: its identity, times and terms, never its token. */
export function claimsFacts(claims: LicenseClaims): LicenseFacts {
  const { lid, jti, iat, exp, nbf = null, lexp, prod } = claims;
  const { included_users = null, included_admins = null, included_viewers = null } = claims;
  return { lid, jti, iat, exp, nbf, lexp, prod, included_users, included_admins, included_viewers };
}

/** The same of the license that a change replaces; null where there was none. */
export function licenseFacts(content: StoredContent): LicenseFacts | null {
  if (content.kind === 'none') return null;
  if (content.kind !== 'verified') return { unreadable: content.kind };
  return claimsFacts(content.license.claims);
}
