import type { Api } from '#client';
import type { Session } from '../service.js';

/** The role that has the actions of later releases too. */
const ADMINISTRATOR_UID = 'basic_grafana_admin';

/** Whether the service lets a caller give, change and take away a role: only one who holds all that it gives. */
export function holdsRole(
  { actions, unlimited }: Pick<Session, 'actions' | 'unlimited'>,
  { uid, permissions }: Pick<Api.Role, 'uid' | 'permissions'>,
): boolean {
  if (uid === ADMINISTRATOR_UID && !unlimited) return false;
  return permissions.every(({ action }) => actions.includes(action));
}

/** Whether a role was made by an operator: those that come with the service cannot be changed. */
export function isCustom({ created }: Pick<Api.Role, 'created'>): boolean {
  return created !== null;
}
