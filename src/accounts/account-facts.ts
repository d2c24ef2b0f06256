import { findRole } from '../access/roles.js';
import type { Facts } from '../audit/audit.store.js';
import type { ServiceAccountTokenEntity } from './service-account-token.entity.js';
import type { ServiceAccountEntity } from './service-account.entity.js';

/** What an audit record says of an account before its change. */
export function accountFacts({ name, role, isDisabled }: ServiceAccountEntity): Facts {
  return { name, role, isDisabled };
}

/** The token's members that the API shows, never its hash. */
export function tokenFacts({ id, name, expiresAt, isRevoked }: ServiceAccountTokenEntity): Facts {
  return { tokenId: Number(id), name, isRevoked, expiresAt: expiresAt?.toISOString() ?? null };
}

/** The roles that an account had, by name. */
export function rolesFacts(uids: readonly string[]): Facts {
  return { roles: uids.map((uid) => findRole(uid)?.name ?? uid).sort() };
}
