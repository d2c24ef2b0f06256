import { Inject, Injectable } from '@nestjs/common';
import { ADMINISTRATOR_ROLE, type CustomRoles, type Role } from '../access/roles.js';
import { administratorNames } from '../config/access-config.js';
import { SERVICE_CONFIG, type ServiceConfig } from '../config/service-config.js';
import { Database } from '../database/database.js';
import { AccountsStore } from './accounts.store.js';
import { CustomRoleStore } from './custom-role.store.js';
import { type CustomPermission, LICENSING_ACTIONS } from './custom-permissions.response.js';

/** Reports who holds licensing actions by anything but the fixed roles. */
@Injectable()
export class CustomPermissions {
  constructor(
    private readonly database: Database,
    private readonly store: AccountsStore,
    private readonly roles: CustomRoleStore,
    @Inject(SERVICE_CONFIG) private readonly config: ServiceConfig,
  ) {}

  /**
   * The callers of the configuration, then enabled service accounts by id.
   * @throws ServiceError `database.unavailable`
   */
  async list(): Promise<CustomPermission[]> {
    const [reported, assignments] = await this.database.read(async (manager) => {
      const roles = reportedIn(await this.roles.definitions(manager));
      return [roles, await this.store.holdersOf(manager, [...roles.keys()])] as const;
    });
    const accounts = assignments.flatMap(({ roleUid, name, id }) => {
      const role = reported.get(roleUid);
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

/** Roles that give licensing actions and are not fixed, by uid. */
function reportedIn(custom: CustomRoles): ReadonlyMap<string, Role> {
  const roles = [ADMINISTRATOR_ROLE, ...custom.values()].filter(({ actions }) =>
    LICENSING_ACTIONS.some((action) => actions.includes(action)),
  );
  return new Map(roles.map((role) => [role.uid, role]));
}
