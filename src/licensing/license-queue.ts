import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AuditLog } from '../audit/audit-log.js';
import { Periodic } from '../clock/periodic.js';
import { SYSTEM } from '../domain/actor.js';
import { ServiceError } from '../domain/service-error.js';
import type { HeldLicense } from '../snapshot/snapshot.js';
import { SnapshotService } from '../snapshot/snapshot.service.js';
import { LicenseReader } from './license.reader.js';
import { LicenseStore } from './license.store.js';

/** How often it is looked whether the term of a queued license has begun, milliseconds. */
const LOOK_MS = 1_000;

/**
 * Puts the license of the next term in the place of the present one when its term has begun. It counts from its `nbf` on, by
 * the reader's word alone; the row follows within a second, or as soon as the database is there, by one statement.
 */
@Injectable()
export class LicenseQueue implements BeforeApplicationShutdown {
  readonly #logger = new Logger(LicenseQueue.name);
  readonly #looks = new Periodic(LOOK_MS, () => this.#look());

  constructor(
    private readonly reader: LicenseReader,
    private readonly store: LicenseStore,
    private readonly snapshots: SnapshotService,
    private readonly audit: AuditLog,
  ) {}

  start(): void {
    this.#looks.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#looks.stop();
  }

  /**
   * Puts a queued license whose term has begun in its place.
   * @throws ServiceError `database.unavailable`
   */
  async settle(): Promise<void> {
    const held = this.snapshots.current?.license;
    if (held === undefined || this.reader.dueIn(held) === undefined) return;
    await this.snapshots.change(async (manager) => {
      const { promoted } = await this.load(manager);
      return { changed: promoted, value: undefined };
    });
  }

  /**
   * What the database holds, with a queued license whose term has begun in its place.
   * @param manager - of a transaction of {@link SnapshotService.change}
   * @returns `promoted`: whether the row was changed for it
   */
  async load(manager: EntityManager): Promise<{ readonly held: HeldLicense; readonly promoted: boolean }> {
    const held = await this.store.load(manager);
    const due = this.reader.dueIn(held);
    if (due === undefined) return { held, promoted: false };
    await this.store.replace(manager, held, due, { overNewer: true, emptyQueue: true });
    const { lid, jti, iat, exp, lexp } = due.claims;
    await this.audit.record(manager, SYSTEM, 'license.promote', `license:${lid}`, { jti, iat, exp, lexp });
    return { held: await this.store.load(manager), promoted: true };
  }

  async #look(): Promise<void> {
    try {
      await this.settle();
    } catch (error) {
      if (error instanceof ServiceError && error.code === 'database.unavailable') return;
      this.#logger.error({ msg: 'the license of the next term could not be put in its place', err: error });
    }
  }
}
