import type { StoredContent } from '../../snapshot/snapshot.js';

/** What an audit record says of the license that a change replaces: its identity, times and terms, never its token. */
export function licenseFacts(content: StoredContent): Readonly<Record<string, unknown>> | null {
  if (content.kind === 'none') return null;
  if (content.kind !== 'verified') return { unreadable: content.kind };
  const { lid, jti, iat, exp, nbf = null, lexp, prod, included_users = null } = content.license.claims;
  return { lid, jti, iat, exp, nbf, lexp, prod, included_users };
}
