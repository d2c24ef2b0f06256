import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { hasAdministrator } from '../config/access-config.js';
import { SERVICE_CONFIG, type ServiceConfig } from '../config/service-config.js';
import { type Holding, losesAdministrator } from '../domain/administration.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import { ServiceError } from '../domain/service-error.js';
import { CustomRoleStore } from './custom-role.store.js';
import { administrationHoldings, hasLastingAdministrator } from './holdings.store.js';

/** Refuses a change of roles, accounts or tokens that would lock out every administrator. */
@Injectable()
export class LastAdministrator {
  constructor(
    private readonly roles: CustomRoleStore,
    @Inject(SERVICE_CONFIG) private readonly config: ServiceConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Runs a change inside its transaction. Afterwards a token that works must still have each power over access that one
   * had before ({@link losesAdministrator}). Where an administrator is configured, every change may be made.
   *
   * @throws ServiceError `access.last-administrator`, which rolls the transaction back, and what `change` throws
   */
  async keep<T>(manager: EntityManager, change: () => Promise<T>): Promise<T> {
    if (hasAdministrator(this.config.access)) return change();
    const now = this.clock.now();
    // Such a token has every power, so nothing is lost as long as there is one: the others are not read.
    const hasEverything = async () => hasLastingAdministrator(manager, now);
    const before = (await hasEverything()) ? undefined : await this.#holdings(manager, now);
    const result = await change();
    const isLost =
      before === undefined
        ? !(await hasEverything())
        : losesAdministrator(before, await this.#holdings(manager, now));
    if (isLost) throw new ServiceError('access.last-administrator');
    return result;
  }

  async #holdings(manager: EntityManager, now: number): Promise<Holding[]> {
    return administrationHoldings(manager, await this.roles.definitions(manager), now);
  }
}
