import { Logger } from '@nestjs/common';
import type { DataSource, QueryRunner } from 'typeorm';
import { isEmbedded } from './data-source-options.js';
import { openedInTime } from './opening-deadline.js';

/**
 * A session older than this may have begun in another time: a setting that was reset, a server that was
 * replaced. Milliseconds.
 */
const YOUNG_MS = 1_000;
/**
 * How long every answer has to be "writable" before that is believed again, milliseconds: some sessions of a
 * pooler may be stale.
 */
const STEADY_MS = 3_000;

/** What there is to know of a client of `pg`. */
export interface Client {
  query(statements: string): Promise<unknown>;
  end(): Promise<void>;
}

/**
 * Which sessions of a pool may be used, and whether the database takes writes. A session keeps what it began with: the
 * read-only default of its database, or the standby that its name led to. So one that says "read only" is
 * believed while it is young; an old one is replaced, and so are all that are as old.
 */
export class Sessions {
  readonly #logger = new Logger(Sessions.name);
  /** When each was first used, on the monotonic clock. */
  readonly #since = new WeakMap<Client, number>();
  /** Sessions from before this moment are not used again. */
  #staleBefore = -Infinity;
  #readOnly: boolean | undefined;
  /** When a session was last believed to be read only, on the monotonic clock. */
  #readOnlyAt = -Infinity;

  /** Whether the database refuses writes; undefined while it was never asked. */
  get readOnly(): boolean | undefined {
    return this.#readOnly;
  }

  /** Takes a session out of the pool that may be used. Stale ones on the way are closed. */
  async take(dataSource: DataSource): Promise<{ runner: QueryRunner; client: Client }> {
    for (;;) {
      const runner = dataSource.createQueryRunner();
      const client = await open(runner, dataSource);
      const since = this.#since.get(client) ?? performance.now();
      this.#since.set(client, since);
      if (since >= this.#staleBefore) return { runner, client };
      close(client);
      await runner.release();
    }
  }

  /**
   * A session has said whether it is read only.
   * @returns whether that was worth nothing, as the session is old: another one will tell
   */
  heard(client: Client, readOnly: boolean): boolean {
    if (readOnly && performance.now() - (this.#since.get(client) ?? 0) > YOUNG_MS) {
      this.#staleBefore = performance.now();
      return true;
    }
    if (readOnly) this.#readOnlyAt = performance.now();
    else if (performance.now() - this.#readOnlyAt < STEADY_MS) return false;
    if (readOnly && this.#readOnly !== true) {
      this.#logger.warn({
        msg: 'the database cannot be written to: it is read only, or a standby. Changes are refused, reads go on',
      });
    } else if (!readOnly && this.#readOnly === true) {
      this.#logger.log({ msg: 'the database can be written to again' });
    }
    this.#readOnly = readOnly;
    return false;
  }
}

/** A session that is older than what it says: a new one may do what it refused. */
export class StaleSessionError extends Error {
  constructor(override readonly cause: unknown) {
    super('The session is read only, and was begun before.');
  }
}

/** A connection that comes too late is one for the next caller. An embedded database has a limit of its own. */
async function open(runner: QueryRunner, dataSource: DataSource): Promise<Client> {
  const opening = runner.connect() as Promise<Client>;
  if (isEmbedded(dataSource)) return opening;
  try {
    return await openedInTime(opening);
  } catch (error) {
    opening.then(
      async () => runner.release(),
      () => undefined,
    );
    throw error;
  }
}

/** Ends a session: the pool takes no client back that has ended. */
export function close(client: Client): void {
  void client.end().catch(() => undefined);
}

/** What the last of the statements says that set a transaction's settings. */
export function isReadOnly(results: unknown): boolean {
  const last = (results as { rows: { read_only?: boolean }[] }[]).at(-1);
  return last?.rows[0]?.read_only === true;
}
