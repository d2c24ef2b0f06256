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

/** Who must not go: the holders of an action, by a role that gives it. */
interface Protected {
  readonly action: Action | typeof NO_LIMIT;
  readonly roleUids: readonly string[];
}

/** Who can manage roles, and who can give every action. Without either of them, some change can never be made again. */
const PROTECTED: readonly Protected[] = [
  {
    action: 'roles:write',
    roleUids: ROLES.filter(({ actions }) => actions.includes('roles:write')).map(({ uid }) => uid),
  },
  { action: NO_LIMIT, roleUids: [ADMINISTRATOR_ROLE.uid] },
];

/** A token that expires sooner does not make up for one that lasts, milliseconds. */
const LASTING_MS = DAY * 1000;

/** Refuses a change of roles, accounts or tokens that would lock out every administrator. */
@Injectable()
export class LastAdministrator {
  constructor(
    private readonly store: AccountsStore,
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

  /** For each kind, whether a token gives it now, and whether one gives it a day later. */
  async #present(manager: EntityManager, now: number): Promise<boolean[]> {
    const present: boolean[] = [];
    for (const { action, roleUids } of PROTECTED) {
      for (const at of [now, now + LASTING_MS])
        present.push(await this.store.anyTokenGives(manager, action, roleUids, new Date(at)));
    }
    return present;
  }
}
