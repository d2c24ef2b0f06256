import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { hasAdministrator } from '../config/access-config.js';
import { SERVICE_CONFIG, type ServiceConfig } from '../config/service-config.js';
import { askServer, SERVER_TIME, type ServerTime } from '../database/server-time.js';
import { type Holding, losesAdministrator } from '../domain/administration.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import { ServiceError } from '../domain/service-error.js';
import { CustomRoleStore } from './custom-role.store.js';
import { administrationHoldings, hasLastingAdministrator } from './holdings.store.js';

/** Clocks that differ by less agree, milliseconds: tokens that expire within a day replace no other anyway. */
const AGREEMENT_MS = 60_000;

/** Refuses a change of roles, accounts or tokens that would lock out every administrator. */
@Injectable()
export class LastAdministrator {
  constructor(
    private readonly roles: CustomRoleStore,
    @Inject(SERVICE_CONFIG) private readonly config: ServiceConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(SERVER_TIME) private readonly serverTime: ServerTime = askServer,
  ) {}

  /**
   * Runs a change inside its transaction. Afterwards a token that works must still have each power over access that one
   * had before ({@link losesAdministrator}), by our clock and by the database server's. Where an administrator is
   * configured, every change may be made.
   *
   * @throws ServiceError `access.last-administrator`, which rolls the transaction back, and what `change` throws
   */
  async keep<T>(manager: EntityManager, change: () => Promise<T>): Promise<T> {
    if (hasAdministrator(this.config.access)) return change();
    const checks = [];
    for (const now of await this.#moments(manager)) checks.push(await this.#check(manager, now));
    const result = await change();
    for (const isLost of checks) if (await isLost()) throw new ServiceError('access.last-administrator');
    return result;
  }

  /**
   * When to look at the expiry of tokens, Unix milliseconds: by our clock, and by the server's where they differ. Ours
   * may be behind and take an expired token for one that works, or ahead and see none that could be lost.
   */
  async #moments(manager: EntityManager): Promise<number[]> {
    const ours = this.clock.now();
    if (this.config.database.location.kind !== 'postgres') return [ours];
    const theirs = await this.serverTime(manager);
    return Math.abs(theirs - ours) < AGREEMENT_MS ? [ours] : [ours, theirs];
  }

  /** Looks before the change. @returns what looks again afterwards: whether a power is lost at that moment */
  async #check(manager: EntityManager, now: number): Promise<() => Promise<boolean>> {
    // Such a token has every power, so nothing is lost as long as there is one: the others are not read.
    if (await hasLastingAdministrator(manager, now))
      return async () => !(await hasLastingAdministrator(manager, now));
    const before = await this.#holdings(manager, now);
    return async () => losesAdministrator(before, await this.#holdings(manager, now));
  }

  async #holdings(manager: EntityManager, now: number): Promise<Holding[]> {
    return administrationHoldings(manager, await this.roles.definitions(manager), now);
  }
}
