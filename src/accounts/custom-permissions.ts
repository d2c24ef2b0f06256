import { Inject, Injectable } from '@nestjs/common';
import { ADMINISTRATOR_ROLE, findRole, ROLES } from '../access/roles.js';
import { administratorNames } from '../config/access-config.js';
import { SERVICE_CONFIG, type ServiceConfig } from '../config/service-config.js';
import { Database } from '../database/database.js';
import { AccountsStore } from './accounts.store.js';
import { type CustomPermission, LICENSING_ACTIONS } from './custom-permissions.response.js';

/** Roles that give licensing actions and are not fixed. */
const REPORTED = ROLES.filter(
  ({ name, actions }) =>
    !name.startsWith('fixed:') && LICENSING_ACTIONS.some((action) => actions.includes(action)),
);

/** Reports who holds licensing actions by anything but the fixed roles. */
@Injectable()
export class CustomPermissions {
  constructor(
    private readonly database: Database,
    private readonly store: AccountsStore,
    @Inject(SERVICE_CONFIG) private readonly config: ServiceConfig,
  ) {}

  /**
   * The callers of the configuration, then enabled service accounts by id.
   * @throws ServiceError `database.unavailable`
   */
  async list(): Promise<CustomPermission[]> {
    const uids = REPORTED.map(({ uid }) => uid);
    const assignments = await this.database.read((manager) => this.store.holdersOf(manager, uids));
    const accounts = assignments.flatMap(({ roleUid, name, id }) => {
      const role = findRole(roleUid);
      if (role === undefined) return [];
      const { uid, name: title, actions } = role;
      return [{ granteeType: 'service-account' as const, granteeName: name, id, uid, title, actions }];
    });
    return [...this.#configured(), ...accounts];
  }

  #configured(): CustomPermission[] {
    const { access } = this.config;
    const { uid, name: title, actions } = ADMINISTRATOR_ROLE;
    const role = { id: 0, uid, title, actions };
    return [
      ...administratorNames(access).map((granteeName) => ({
        ...role,
        granteeType: 'user' as const,
        granteeName,
      })),
      ...(access.bootstrapToken === undefined
        ? []
        : [{ ...role, granteeType: 'bootstrap-token' as const, granteeName: 'bootstrap' }]),
    ];
  }
}
