import { type BeforeApplicationShutdown, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import type pg from 'pg';
import type { DataSource } from 'typeorm';
import {
  type DatabaseSetting,
  type DatabaseUrl,
  DatabaseUrlFault,
  type DatedClient,
} from './database-url.js';

/** How often the files are read, milliseconds. */
const LOOK_MS = 1_000;

/**
 * Follows the files that say the database's address and its certificates, so that what is rotated counts without a
 * restart. Connections made with what was before are replaced: idle ones at once, the others when their work is done.
 */
export class DatabaseUrlWatch implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #logger = new Logger(DatabaseUrlWatch.name);
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #fault: string | undefined;
  #pool: pg.Pool | undefined;

  /** @param url - none: the address cannot change */
  constructor(
    private readonly dataSource: DataSource,
    private readonly url: DatabaseUrl | undefined,
  ) {}

  onApplicationBootstrap(): void {
    if (this.#settings.length > 0) this.#schedule();
  }

  beforeApplicationShutdown(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /**
   * Reads the files at once. Never rejects.
   * @returns what came of each; nothing where no file says anything
   */
  async lookNow(): Promise<{ setting: string; outcome: string; failed: boolean }[]> {
    if (this.url === undefined || this.#settings.length === 0) return [];
    try {
      const changed = await this.url.look();
      this.#fault = undefined;
      for (const setting of changed) {
        this.#logger.log({ msg: `${setting} changed: new connections use what it says` });
      }
      if (changed.length > 0) await this.#replaceOutdated();
      return this.#settings.map((setting) => ({
        setting,
        outcome: changed.includes(setting) ? 'changed' : 'unchanged',
        failed: false,
      }));
    } catch (error) {
      if (!(error instanceof DatabaseUrlFault)) throw error;
      const { setting, message } = error;
      if (this.#fault !== `${setting} ${message}`) {
        this.#logger.warn({ msg: `${setting} cannot be used: what it said before stays`, reason: message });
      }
      this.#fault = `${setting} ${message}`;
      return [{ setting, outcome: message, failed: true }];
    }
  }

  get #settings(): readonly DatabaseSetting[] {
    return this.url?.settings ?? [];
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.lookNow().finally(() => this.#schedule()), LOOK_MS);
    this.#timer.unref();
  }

  async #replaceOutdated(): Promise<void> {
    if (!this.dataSource.isInitialized) return;
    const pool = (this.dataSource.driver as unknown as { readonly master: pg.Pool }).master;
    if (this.#pool !== pool) {
      this.#pool = pool;
      // The pool drops a client that is ending when it is given back.
      pool.on('release', (_error, client) => {
        if ((client as DatedClient).isOutdated)
          void (client as unknown as pg.Client).end().catch(() => undefined);
      });
    }
    const idle = Array.from({ length: pool.idleCount }, async () => pool.connect());
    for (const taken of await Promise.allSettled(idle)) {
      if (taken.status === 'fulfilled') taken.value.release();
    }
  }
}
