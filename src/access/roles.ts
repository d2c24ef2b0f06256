import { createHash } from 'node:crypto';
import { type Action, ACTIONS } from '../domain/actions.js';

/** A named set of actions. Fixed roles live in code: nobody can change them. Custom ones are in the database. */
export interface Role {
  readonly name: string;
  readonly uid: string;
  readonly actions: readonly Action[];
}

/** A role that comes with the service. */
export interface FixedRole extends Role {
  /** What its callers do, a short sentence. */
  readonly description: string;
}

const LICENSING_READER = ['licensing:read', 'licensing.reports:read'] as const;
const ROLES_READER = ['roles:read', 'users.roles:read', 'users.permissions:read'] as const;

/** Holds every action: what configured administrators and the bootstrap token have. */
export const ADMINISTRATOR_ROLE: FixedRole = {
  name: 'basic:grafana_admin',
  uid: 'basic_grafana_admin',
  description: 'May do everything',
  actions: ACTIONS,
};

export const ROLES: readonly FixedRole[] = [
  ADMINISTRATOR_ROLE,
  fixedRole(
    'fixed:licensing:reader',
    'Sees the license and the reports on it, and asks the check',
    LICENSING_READER,
  ),
  fixedRole('fixed:licensing:writer', 'Installs, renews and removes the license', [
    ...LICENSING_READER,
    'licensing:write',
    'licensing:delete',
  ]),
  fixedRole('fixed:licensing.usage:reader', 'Sees seats and who takes them', [
    'licensing.usage:read',
    'licensing:read',
  ]),
  fixedRole('fixed:licensing.usage:writer', 'Reports usage and takes seats: for the product', [
    'licensing.usage:write',
  ]),
  fixedRole('fixed:roles:reader', 'Sees roles and who has them', ROLES_READER),
  fixedRole('fixed:roles:writer', 'Makes roles, gives them and takes them away', [
    ...ROLES_READER,
    'roles:write',
    'roles:delete',
    'users.roles:add',
    'users.roles:remove',
  ]),
  fixedRole('fixed:serviceaccounts:writer', 'Makes service accounts and their tokens', [
    'serviceaccounts:read',
    'serviceaccounts:create',
    'serviceaccounts:write',
    'serviceaccounts:delete',
    'serviceaccounts.permissions:read',
    'serviceaccounts.permissions:write',
  ]),
  fixedRole('fixed:audit:reader', 'Reads the audit log', ['audit:read']),
  fixedRole('fixed:provisioning:writer', 'Loads the provisioning files again', ['provisioning:reload']),
];

const BY_UID = new Map(ROLES.map((role) => [role.uid, role]));

/** Custom roles by their uid. */
export type CustomRoles = ReadonlyMap<string, Role>;

const NO_CUSTOM_ROLES: CustomRoles = new Map();

/** The role of this release that has a uid. */
export function findFixedRole(uid: string): FixedRole | undefined {
  return BY_UID.get(uid);
}

/** The role of a uid, or undefined. No custom role replaces a fixed one. */
export function findRole(uid: string, custom = NO_CUSTOM_ROLES): Role | undefined {
  return BY_UID.get(uid) ?? custom.get(uid);
}

/** Whether the uid is that of a fixed or basic role, or could be one of a later release. */
export function isReservedUid(uid: string): boolean {
  return BY_UID.has(uid) || /^(fixed|basic)_/.test(uid);
}

/** All actions of some roles together. A uid that no role has any more gives nothing. */
export function actionsOf(uids: Iterable<string>, custom = NO_CUSTOM_ROLES): ReadonlySet<Action> {
  return new Set([...uids].flatMap((uid) => findRole(uid, custom)?.actions ?? []));
}

/** A fixed role's uid follows from its name, so that it is the same in every installation. */
function fixedRole(name: string, description: string, actions: readonly Action[]): FixedRole {
  const uid = `fixed_${createHash('sha1').update(name).digest('base64url')}`;
  return { name, uid, description, actions };
}
