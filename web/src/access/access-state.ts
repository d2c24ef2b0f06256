import type { Api, Client } from '#client';
import type { Read } from '../polling.js';

/** Who may call the service, as far as the caller may see it. */
export interface AccessState {
  readonly accounts: readonly Api.ServiceAccount[];
  /** Of all accounts: more than are listed, where there are very many. */
  readonly accountCount: number;
  /** Undefined where the caller may not list them. */
  readonly roles: readonly Api.Role[] | undefined;
  readonly sessions: readonly Api.ListedSession[];
}

/** @param mayListRoles - whether the caller holds `roles:read` */
export async function readAccess(api: Client, mayListRoles: boolean): Promise<Read<AccessState>> {
  const [found, sessions, roles] = await Promise.all([
    api.GET('/api/serviceaccounts/search'),
    api.GET('/ui/sessions'),
    mayListRoles ? api.GET('/api/access-control/roles') : undefined,
  ]);
  if (!found.ok) return found;
  if (!sessions.ok) return sessions;
  if (roles?.ok === false) return roles;
  const { serviceAccounts: accounts, totalCount: accountCount } = found.value;
  return { ok: true, value: { accounts, accountCount, roles: roles?.value, sessions: sessions.value } };
}

/** One account, with what the caller may do with it. */
export interface AccountState {
  readonly tokens: readonly Api.ServiceAccountToken[];
  /** Undefined where the caller may not see them. */
  readonly roles: readonly Api.Role[] | undefined;
  readonly mayWrite: boolean;
  readonly mayDelete: boolean;
}

/** @param mayListHeld - whether the caller holds `users.roles:read` */
export async function readAccount(
  api: Client,
  id: number,
  mayListHeld: boolean,
): Promise<Read<AccountState>> {
  const params = { path: { id } };
  const [account, tokens, roles] = await Promise.all([
    api.GET('/api/serviceaccounts/{id}', { params: { ...params, query: { accesscontrol: 'true' } } }),
    api.GET('/api/serviceaccounts/{id}/tokens', { params }),
    mayListHeld ? api.GET('/api/access-control/users/{id}/roles', { params }) : undefined,
  ]);
  if (!account.ok) return account;
  if (!tokens.ok) return tokens;
  if (roles?.ok === false) return roles;
  const { accessControl = {} } = account.value;
  return {
    ok: true,
    value: {
      tokens: tokens.value,
      roles: roles?.value,
      mayWrite: accessControl['serviceaccounts:write'] === true,
      mayDelete: accessControl['serviceaccounts:delete'] === true,
    },
  };
}
