import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { SERVICE_CONFIG, type ServiceConfig } from '../../config/service-config.js';
import { Database } from '../../database/database.js';
import { isBusy, isUnavailable } from '../../database/database-error.js';
import type { Actor } from '../../domain/actor.js';
import { type Clock, CLOCK } from '../../domain/clock.js';
import { ServiceError } from '../../domain/service-error.js';
import { SnapshotService } from '../../snapshot/snapshot.service.js';
import { LastAdministrator } from '../last-administrator.js';
import { ProvisioningComparison } from './provisioning-comparison.js';
import type { Provisioning } from './provisioning-file.js';
import { ProvisioningFaultsError, readProvisioning } from './provisioning-files.js';
import type { ProvisioningOutcome, ProvisioningRun } from './provisioning-run.js';
import { ProvisioningWriter } from './provisioning-writer.js';

/** Ends a transaction that must not stay. */
class DryRunEnd extends Error {
  override readonly name = 'DryRunEnd';

  constructor(readonly outcome: ProvisioningOutcome) {
    super('dry run');
  }
}

/** How long a reload waits for other changes, milliseconds. */
const MAX_WAIT_MS = 20_000;
/** Pause before the files of a start are tried again, milliseconds: doubled after each try. */
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 8_000;

const STARTER: Actor = { id: 'provisioning', requestId: '' };

/**
 * Makes roles, service accounts, tokens and assignments as the files of `ACCESS_PROVISIONING_PATH` say. One transaction
 * under the lock of all changes: replicas that start together come one after the other, and the second finds nothing to
 * do.
 */
@Injectable()
export class Provisioner implements BeforeApplicationShutdown {
  readonly #logger = new Logger(Provisioner.name);
  #timer: NodeJS.Timeout | undefined;
  #trying: Promise<void> = Promise.resolve();
  #stopped = false;
  /** Whether the start still waits for its files. */
  #waits = false;

  constructor(
    private readonly writer: ProvisioningWriter,
    private readonly comparison: ProvisioningComparison,
    private readonly snapshots: SnapshotService,
    private readonly last: LastAdministrator,
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(SERVICE_CONFIG) private readonly config: ServiceConfig,
  ) {}

  /**
   * Provisions at the start. Files with faults change nothing, and the service starts: what is stored goes on to count.
   * Files whose file system hangs or fails are tried again until it works.
   * @throws ServiceError `database.unavailable`
   */
  async start(): Promise<void> {
    if (this.config.access.provisioningPath === undefined) return;
    this.#waits = true;
    await this.#try(FIRST_PAUSE_MS);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#trying;
  }

  /**
   * @param isDryRun - changes nothing, and returns what would change
   * @throws ServiceError `provisioning.faulty`, `not-found` where no files are named, `access.last-administrator`
   */
  async reload(actor: Actor, isDryRun: boolean): Promise<ProvisioningOutcome> {
    const path = this.config.access.provisioningPath;
    if (path === undefined)
      throw new ServiceError('not-found', 'Nothing is provisioned: ACCESS_PROVISIONING_PATH is not set');
    try {
      const wanted = await readProvisioning(path);
      const applied = await this.database.read(async (manager) => this.#applied(manager, wanted));
      const outcome = applied ?? (await this.#whenFree(async () => this.#apply(wanted, actor, isDryRun)));
      // What the start still waited for is done: from now on a change of the files waits for a reload.
      if (!isDryRun) this.#waits = false;
      if (!this.#waits) clearTimeout(this.#timer);
      if (outcome.retired.length > 0)
        this.#logger.warn({ msg: 'tokens of the provisioning files are not made', retired: outcome.retired });
      return outcome;
    } catch (error) {
      if (error instanceof DryRunEnd) return error.outcome;
      if (error instanceof ProvisioningFaultsError)
        throw new ServiceError('provisioning.faulty', undefined, {
          ...{ members: { faults: error.faults }, cause: error },
        });
      throw error;
    }
  }

  /** @param pauseMs - before the next try, where a file system hangs or fails. @throws as {@link start} */
  async #try(pauseMs: number): Promise<void> {
    try {
      const { changes } = await this.reload(STARTER, false);
      this.#logger.log({ msg: 'access control is provisioned', changes: changes.length });
    } catch (error) {
      if (isUnavailable(error)) throw error;
      const { message: reason, members, cause } = error as Partial<ServiceError>;
      const { faults } = members ?? {};
      if (!(cause instanceof ProvisioningFaultsError) || !cause.isPassing) {
        this.#logger.error({ msg: 'access control is not provisioned: nothing was changed', reason, faults });
        return;
      }
      const msg = 'access control is not provisioned yet: a file system does not work, so it is retried';
      if (pauseMs === FIRST_PAUSE_MS) this.#logger.error({ msg, reason, faults });
      this.#tryLater(pauseMs);
    }
  }

  /** Tries again until nothing hangs. Where the database is away then, it is tried again too. */
  #tryLater(pauseMs: number): void {
    clearTimeout(this.#timer);
    if (this.#stopped || !this.#waits) return;
    const next = Math.min(2 * pauseMs, MAX_PAUSE_MS);
    this.#timer = setTimeout(() => {
      this.#trying = this.#try(next).catch(() => this.#tryLater(next));
    }, pauseMs);
    this.#timer.unref();
  }

  /** The outcome where everything is stored as the files say. */
  async #applied(manager: EntityManager, wanted: Provisioning): Promise<ProvisioningOutcome | undefined> {
    if (!(await this.comparison.isApplied(manager, wanted))) return undefined;
    return { changes: [], retired: await this.comparison.retired(manager, wanted) };
  }

  async #apply(wanted: Provisioning, actor: Actor, isDryRun: boolean): Promise<ProvisioningOutcome> {
    return this.snapshots.change(async (manager) => {
      // The one before it, on another replica, may have been of the same files.
      const applied = await this.#applied(manager, wanted);
      if (applied !== undefined) return { changed: false, value: applied };
      const retired = await this.comparison.retiredHashes(manager, wanted);
      const accounts = new Set<number>();
      const run: ProvisioningRun = { manager, actor, changes: [], retired, accounts, roles: false };
      await this.last.keep(manager, async () => this.writer.apply(run, wanted));
      const outcome = { changes: run.changes, retired: await this.comparison.retired(manager, wanted) };
      if (isDryRun) throw new DryRunEnd(outcome);
      const changed = run.changes.length > 0 && { roles: run.roles, accounts: [...run.accounts] };
      return { changed, value: outcome };
    }, actor);
  }

  /**
   * A change waits for a lock for 2.5 s, and in the queue for 8 s, which is less than another replica needs for large
   * files. These waits are the pauses between the tries.
   */
  async #whenFree<T>(work: () => Promise<T>): Promise<T> {
    const since = this.clock.monotonic();
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!isBusy(error) || this.#stopped || this.clock.monotonic() - since > MAX_WAIT_MS) throw error;
      }
    }
  }
}
