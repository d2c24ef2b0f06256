import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { ClockWatch } from '../clock/clock-watch.js';
import { Periodic } from '../clock/periodic.js';
import { SERVICE_CONFIG, type ServiceConfig } from '../config/service-config.js';
import { Database } from '../database/database.js';
import { AuditRefusalStore } from './audit-refusal.store.js';
import { AuditSealStore } from './audit-seal.store.js';

const EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Rows of one transaction: others must not wait long for it. */
const ROWS_AT_ONCE = 1_000;

/** Deletes records that are older than `AUDIT_RETENTION_DAYS`, in short transactions. */
@Injectable()
export class AuditRetention implements BeforeApplicationShutdown {
  readonly #logger = new Logger(AuditRetention.name);
  readonly #prunes = new Periodic(EVERY_MS, () => this.#tryPrune());
  #isEnding = false;

  constructor(
    private readonly database: Database,
    private readonly seals: AuditSealStore,
    private readonly refusals: AuditRefusalStore,
    private readonly watch: ClockWatch,
    @Inject(SERVICE_CONFIG) private readonly config: ServiceConfig,
  ) {}

  start(): void {
    this.#prunes.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#isEnding = true;
    await this.#prunes.stop();
  }

  /**
   * By the earliest moment that it may be, so that a clock that is ahead deletes nothing.
   * @throws ServiceError `database.unavailable`
   */
  async prune(): Promise<void> {
    const before = this.watch.earliest * 1000 - this.config.audit.retentionDays * DAY_MS;
    const segment = () => this.database.transaction((manager) => this.seals.prune(manager, before));
    while (!this.#isEnding && (await segment()));
    const counts = () =>
      this.database.transaction((manager) => this.refusals.prune(manager, before, ROWS_AT_ONCE));
    while (!this.#isEnding && (await counts()));
  }

  async #tryPrune(): Promise<void> {
    try {
      await this.prune();
    } catch (error) {
      this.#logger.warn({ msg: 'old audit records cannot be deleted', err: error });
    }
  }
}
