import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Action } from '../domain/actions.js';
import { ADMINISTRATOR_ROLE, ROLES } from '../access/roles.js';
import { NO_LIMIT } from '../access/token-ceiling.js';
import { hasAdministrator } from '../config/access-config.js';
import { SERVICE_CONFIG, type ServiceConfig } from '../config/service-config.js';
import { type Clock, CLOCK, DAY } from '../domain/clock.js';
import { ServiceError } from '../domain/service-error.js';
import { AccountsStore } from './accounts.store.js';
import { CustomRoleStore } from './custom-role.store.js';

const ROLES_WRITE: Action = 'roles:write';
const FIXED_UIDS = ROLES.map(({ uid }) => uid);

/** A token that expires sooner does not make up for one that lasts, milliseconds. */
const LASTING_MS = DAY * 1000;

/** Refuses a change of roles, accounts or tokens that would lock out every administrator. */
@Injectable()
export class LastAdministrator {
  constructor(
    private readonly store: AccountsStore,
    private readonly roles: CustomRoleStore,
    @Inject(SERVICE_CONFIG) private readonly config: ServiceConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Runs a change inside its transaction. Afterwards a token that works must still give `roles:write`, and
   * one every action, if one did before; and one that works a day longer, if one did before. Where an
   * administrator is configured, every change may be made.
   *
   * @throws ServiceError `access.last-administrator`, which rolls the transaction back, and what `change` throws
   */
  async keep<T>(manager: EntityManager, change: () => Promise<T>): Promise<T> {
    if (hasAdministrator(this.config.access)) return change();
    const now = this.clock.now();
    const before = await this.#present(manager, now);
    const result = await change();
    const after = await this.#present(manager, now);
    if (before.some((present, index) => present && !after[index]))
      throw new ServiceError('access.last-administrator');
    return result;
  }

  /**
   * Whether a token can manage roles, and whether one can give every action: without either of them, some change can
   * never be made again. Each now, and a day later.
   */
  async #present(manager: EntityManager, now: number): Promise<boolean[]> {
    const custom = [...(await this.roles.definitions(manager)).values()];
    const writers = [...ROLES, ...custom].filter(({ actions }) => actions.includes(ROLES_WRITE));
    const kinds = [
      [ROLES_WRITE, writers.map(({ uid }) => uid)],
      [NO_LIMIT, [ADMINISTRATOR_ROLE.uid]],
    ] as const;
    const present: boolean[] = [];
    for (const [action, uids] of kinds) {
      for (const at of [now, now + LASTING_MS])
        present.push(await this.store.anyTokenGives(manager, action, uids, FIXED_UIDS, new Date(at)));
    }
    return present;
  }
}
