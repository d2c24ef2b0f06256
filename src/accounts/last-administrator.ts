import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Action } from '../access/actions.js';
import { ROLES } from '../access/roles.js';
import { SERVICE_CONFIG, type ServiceConfig } from '../config/service-config.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import { ServiceError } from '../domain/service-error.js';
import { AccountsStore } from './accounts.store.js';

/** The holder of this can manage roles: there must always be one. */
const MANAGES_ROLES: Action = 'roles:write';
const MANAGING_ROLES = ROLES.filter(({ actions }) => actions.includes(MANAGES_ROLES)).map(({ uid }) => uid);

/** Keeps a change of roles, accounts or tokens from locking everybody out. */
@Injectable()
export class LastAdministrator {
  constructor(
    private readonly store: AccountsStore,
    @Inject(SERVICE_CONFIG) private readonly config: ServiceConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Runs a change inside its transaction. Afterwards a token that works must still give `roles:write`, if one did before and
   * no administrator is configured.
   *
   * @throws ServiceError `access.last-administrator`, which rolls the transaction back, and what `change` throws
   */
  async keep<T>(manager: EntityManager, change: () => Promise<T>): Promise<T> {
    const { administrator, bootstrapToken } = this.config.access;
    if (administrator !== undefined || bootstrapToken !== undefined) return change();
    const before = await this.#isThere(manager);
    const result = await change();
    if (before && !(await this.#isThere(manager))) throw new ServiceError('access.last-administrator');
    return result;
  }

  async #isThere(manager: EntityManager): Promise<boolean> {
    return this.store.anyTokenGives(manager, MANAGES_ROLES, MANAGING_ROLES, new Date(this.clock.now()));
  }
}
