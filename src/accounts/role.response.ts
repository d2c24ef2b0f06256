import type { Action } from '../domain/actions.js';
import type { GivenRole } from './custom-roles.service.js';

/** Grafana's: no action has a scope. */
export interface PermissionResponse {
  readonly action: string;
  readonly scope: '';
}

/** A role, as the API shows it. Times are RFC 3339, null for a role that comes with the service. */
export interface RoleResponse {
  readonly version: number;
  readonly uid: string;
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  readonly group: string;
  readonly global: true;
  readonly permissions: readonly PermissionResponse[];
  readonly created: string | null;
  readonly updated: string | null;
}

export function roleResponse(role: GivenRole): RoleResponse {
  const known =
    'version' in role
      ? {
          version: role.version,
          displayName: role.displayName,
          group: role.group,
          created: role.createdAt.toISOString(),
          updated: role.updatedAt.toISOString(),
        }
      : { version: 1, displayName: '', group: '', created: null, updated: null };
  const { uid, name, description, actions } = role;
  return { ...known, uid, name, description, global: true, permissions: permissionsResponse(actions) };
}

export function permissionsResponse(actions: readonly string[]): PermissionResponse[] {
  return actions.map((action) => ({ action, scope: '' }));
}

/** Grafana's: the scopes of each action, which are the empty one alone. */
export function ownPermissionsResponse(actions: Iterable<Action>): Record<string, readonly ['']> {
  return Object.fromEntries([...actions].map((action) => [action, [''] as const]));
}
