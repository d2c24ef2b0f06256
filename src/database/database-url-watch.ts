import { type BeforeApplicationShutdown, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import type pg from 'pg';
import type { DataSource } from 'typeorm';
import { type DatabaseCheck, inspectCandidate, RefusedDatabaseError } from './candidate-inspection.js';
import {
  type Candidate,
  type DatabaseSetting,
  type DatabaseUrl,
  DatabaseUrlError,
  type DatedClient,
} from './database-url.js';

/** How often the files are read, milliseconds. */
const LOOK_MS = 1_000;
/** Wait before new content that does not work is retried, milliseconds: doubled after each try. */
const FIRST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 4_000;

/** A candidate that did not work. */
interface Trial {
  readonly candidate: Candidate;
  readonly reason: string;
  /** The warning that the log has of it. */
  readonly warning: string;
  /** When it is tried again, on the monotonic clock. */
  readonly due: number;
  readonly waitMs: number;
}

/** What came of a setting's file. */
interface Outcome {
  readonly setting: string;
  readonly outcome: string;
  readonly failed: boolean;
}

/**
 * Follows the files that say the database's address and its certificates, so that what is rotated counts without a
 * restart. New content is used once a connection with it works and a start would accept the database; until
 * then the old one stays in use. Then the connections made with the old one are replaced: idle ones at once,
 * the others when their work is done.
 */
export class DatabaseUrlWatch implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #logger = new Logger(DatabaseUrlWatch.name);
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #fault: string | undefined;
  #trial: Trial | undefined;
  /** One look after the other. */
  #looking: Promise<unknown> = Promise.resolve();
  #pool: pg.Pool | undefined;
  readonly #checks: DatabaseCheck[] = [];

  /** @param url - none: the address cannot change */
  constructor(
    private readonly dataSource: DataSource,
    private readonly url: DatabaseUrl | undefined,
  ) {}

  /** Adds a check that a database has to pass before its address is used. */
  addCheck(check: DatabaseCheck): void {
    this.#checks.push(check);
  }

  onApplicationBootstrap(): void {
    if (this.#settings.length > 0) this.#schedule();
  }

  beforeApplicationShutdown(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /**
   * Reads the files at once, and tries new content at once too. Never rejects.
   * @returns what came of each; nothing where no file says anything
   */
  async lookNow(): Promise<Outcome[]> {
    return this.#inTurn(true);
  }

  get #settings(): readonly DatabaseSetting[] {
    return this.url?.settings ?? [];
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.#inTurn(false).finally(() => this.#schedule()), LOOK_MS);
    this.#timer.unref();
  }

  /** @param isUrgent - whether what failed is tried again before its time */
  async #inTurn(isUrgent: boolean): Promise<Outcome[]> {
    const looked = this.#looking.then(() => this.#look(isUrgent));
    this.#looking = looked.catch(() => undefined);
    return looked;
  }

  async #look(isUrgent: boolean): Promise<Outcome[]> {
    if (this.url === undefined || this.#settings.length === 0) return [];
    try {
      const candidate = await this.url.look();
      this.#fault = undefined;
      if (candidate === undefined) {
        this.#trial = undefined;
        return this.#outcomes([], 'changed', false);
      }
      const reason = await this.#take(this.url, candidate, isUrgent);
      if (reason === undefined) return this.#outcomes(candidate.settings, 'changed', false);
      return this.#outcomes(candidate.settings, `not used yet: ${reason}`, true);
    } catch (error) {
      if (!(error instanceof DatabaseUrlError)) throw error;
      const { setting, message } = error;
      if (this.#fault !== `${setting} ${message}`) {
        this.#logger.warn({ msg: `${setting} cannot be used: what it said before stays`, reason: message });
      }
      this.#fault = `${setting} ${message}`;
      return [{ setting, outcome: message, failed: true }];
    }
  }

  #outcomes(settings: readonly DatabaseSetting[], outcome: string, failed: boolean): Outcome[] {
    return this.#settings.map((setting) =>
      settings.includes(setting)
        ? { setting, outcome, failed }
        : { setting, outcome: 'unchanged', failed: false },
    );
  }

  /** Uses a candidate if its database can be used. @returns why it cannot */
  async #take(url: DatabaseUrl, candidate: Candidate, isUrgent: boolean): Promise<string | undefined> {
    const before = this.#trial?.candidate === candidate ? this.#trial : undefined;
    if (before !== undefined && !isUrgent && performance.now() < before.due) return before.reason;
    const names = candidate.settings.join(' and ');
    // Without a connection that worked there is nothing to keep.
    if (this.dataSource.isInitialized) {
      try {
        await inspectCandidate(this.dataSource, url.clientsOf(candidate), this.#checks);
      } catch (error) {
        const reason = (error as Error).message;
        const fault =
          error instanceof RefusedDatabaseError
            ? 'this program cannot use the database that the new content names'
            : 'a connection with the new content fails';
        const warning = `${names} changed, but ${fault}: the old one stays in use, and the new one is retried`;
        if (before?.warning !== warning) this.#logger.warn({ msg: warning, reason });
        const waitMs = Math.min(MAX_WAIT_MS, (before?.waitMs ?? FIRST_WAIT_MS / 2) * 2);
        this.#trial = { candidate, reason, warning, waitMs, due: performance.now() + waitMs };
        return reason;
      }
    }
    this.#trial = undefined;
    url.use(candidate);
    this.#logger.log({ msg: `${names} changed: new connections use what it says` });
    await this.#replaceOutdated();
    return undefined;
  }

  get #master(): pg.Pool {
    return (this.dataSource.driver as unknown as { readonly master: pg.Pool }).master;
  }

  async #replaceOutdated(): Promise<void> {
    if (!this.dataSource.isInitialized) return;
    const pool = this.#master;
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
