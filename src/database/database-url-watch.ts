import { type BeforeApplicationShutdown, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import type pg from 'pg';
import type { DataSource } from 'typeorm';
import type { DatabaseUrl, DatedClient } from './database-url.js';

/** How often the file is read, milliseconds. */
const LOOK_MS = 1_000;

/**
 * Follows the file that says the database's address, so that rotated credentials count without a restart. Connections
 * with the credentials before are replaced: idle ones at once, the others when their work is done.
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
    if (this.url?.isNamedByFile) this.#schedule();
  }

  beforeApplicationShutdown(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /**
   * Reads the file at once. Never rejects.
   * @returns what came of it; nothing where no file says the address
   */
  async lookNow(): Promise<{ setting: string; outcome: string; failed: boolean }[]> {
    if (!this.url?.isNamedByFile) return [];
    const setting = 'DATABASE_URL_FILE';
    try {
      const changed = await this.url.look();
      this.#fault = undefined;
      if (!changed) return [{ setting, outcome: 'unchanged', failed: false }];
      this.#logger.log({ msg: 'DATABASE_URL_FILE changed: new connections use what it says' });
      await this.#replaceOutdated();
      return [{ setting, outcome: 'changed', failed: false }];
    } catch (error) {
      const { message } = error as Error;
      if (this.#fault !== message) {
        this.#logger.warn({
          msg: 'DATABASE_URL_FILE cannot be used: what it said before stays',
          reason: message,
        });
      }
      this.#fault = message;
      return [{ setting, outcome: message, failed: true }];
    }
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
