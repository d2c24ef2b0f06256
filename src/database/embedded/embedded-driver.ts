import pg from 'pg';
import type { EmbeddedDatabase, EmbeddedLocation } from './embedded-database.js';
import { EmbeddedStream } from './embedded-stream.js';

/** How long a query waits for the one connection, in milliseconds. */
const CONNECTION_TIMEOUT_MILLIS = 2_000;
/** The same for the first connect after the opening, for which Postgres has much to load. */
const FIRST_CONNECT_MILLIS = 30_000;

type ConnectCallback = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  done: (release?: unknown) => void,
) => void;

/**
 * A `pg` whose pools open an embedded Postgres, for the `driver` option of TypeORM's `postgres` type.
 *
 * A pool's first connect opens the database, and creates it if necessary; the end of the pool closes it. There is one
 * connection: a caller waits for it during a transaction, and gets a plain error after 2,000 ms (`connectTimeoutMS`).
 * When Postgres has died (disk full), the next connect opens the database again, unless its directory was replaced.
 *
 * Errors of the opening, such as `EmbeddedDirectoryInUseError`, are errors of that connect; a later one retries, also
 * by another pool: TypeORM forgets one whose first connect failed, and makes a new one.
 *
 * @param location a separate directory, created with mode 0700 if it is missing; or memory, which needs no lock.
 */
export function embeddedDriver(location: EmbeddedLocation): typeof pg {
  /** Those that opened the database, and were not ended. */
  const pools = new Set<EmbeddedPool>();

  class EmbeddedPool extends pg.Pool {
    #opening: Promise<void> | undefined;
    #ended: Promise<void> | undefined;
    /** The last one that was opened; it may have stopped since. */
    #database: EmbeddedDatabase | undefined;

    constructor(config: pg.PoolConfig = {}) {
      super({
        ...config,
        max: 1,
        idleTimeoutMillis: 0,
        connectionTimeoutMillis: config.connectionTimeoutMillis ?? CONNECTION_TIMEOUT_MILLIS,
        // Options and environment that name a server are meant for another one.
        connectionString: undefined,
        host: 'localhost',
        user: 'postgres',
        database: 'postgres',
        ssl: false,
        stream: () => this.#database && new EmbeddedStream(this.#database),
      });
    }

    override connect(): Promise<pg.PoolClient>;
    override connect(callback: ConnectCallback): void;
    override connect(callback?: ConnectCallback): Promise<pg.PoolClient> | void {
      // The opening comes before pg's clock for a connect starts.
      const opened = this.#open();
      if (!callback) return opened.then(() => super.connect());
      opened.then(
        () => super.connect(callback),
        (error: Error) => callback(error, undefined, () => undefined),
      );
    }

    override end(): Promise<void>;
    override end(callback: (error?: Error) => void): void;
    override end(callback?: (error?: Error) => void): Promise<void> | void {
      pools.delete(this);
      // A data source whose end fails stays initialized, and is ended again: it fails again, by the same error.
      this.#ended ??= super.end().then(async () => {
        await this.#opening?.catch(() => undefined);
        await this.#database?.close();
      });
      if (!callback) return this.#ended;
      this.#ended.then(() => callback(), callback);
    }

    async #open(): Promise<void> {
      // When it is ending, pg refuses the connect.
      if (this.ending || (this.#database && !this.#database.stopped)) return;
      this.#opening ??= this.#openAnew().finally(() => (this.#opening = undefined));
      await this.#opening;
    }

    async #openAnew(): Promise<void> {
      await this.#database?.close();
      // A directory that is gone must not be made anew: memory would be taken for an empty database.
      this.#database?.assertSameDirectory();
      // A forgotten pool would hold the directory's lock against this one.
      for (const pool of pools) if (pool !== this) await pool.#letGo();
      pools.add(this);
      // It loads PGlite, which a start on a server does without.
      const embedded = await import('./embedded-database.js');
      this.#database = await embedded.EmbeddedDatabase.open(location);
      if (this.totalCount === 0) await this.#connectFirst();
    }

    async #connectFirst(): Promise<void> {
      const { connectionTimeoutMillis } = this.options;
      this.options.connectionTimeoutMillis = FIRST_CONNECT_MILLIS;
      const first = super.connect();
      this.options.connectionTimeoutMillis = connectionTimeoutMillis;
      (await first).release();
    }

    /** Ends it without waiting for the clients that it lent: nobody gives them back. */
    async #letGo(): Promise<void> {
      void this.end().catch(() => undefined);
      await this.#opening?.catch(() => undefined);
      await this.#database?.close();
    }
  }

  return { ...pg, Pool: EmbeddedPool };
}
