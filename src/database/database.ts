import { types } from 'node:util';
import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import {
  type DataSource,
  type EntityManager,
  QueryFailedError,
  type QueryRunner,
  QueryRunnerAlreadyReleasedError,
  QueryRunnerProviderAlreadyReleasedError,
  TransactionNotStartedError,
} from 'typeorm';
import { ServiceError } from '../domain/service-error.js';
import { locateTables, schemaOf } from './database-inspection.js';
import { applyMigrations, checkMigrations, MigrationFailedError, migrationState } from './migrate.js';
import { type Purpose, type ServerTimeouts, transactionSettings } from './transaction-settings.js';

/** Milliseconds; each is shorter than the client's own time-out, so that the server lets go first. */
const TIMEOUTS: ServerTimeouts = { statement: 3_000, lock: 2_500, idle: 10_000 };

/** SQLSTATE of a transaction that another one pushed aside: the same work can succeed now. */
const RETRYABLE = new Set(['40001', '40P01']);
const MOST_TRIES = 4;

/**
 * SQLSTATE classes that say our statement was at fault (data, constraint, syntax). Everything else, and every
 * failure without a state, is the connection, the server or the disk.
 */
const OUR_FAULT = /^(0A|21|22|23|26|34|42)/;

const CONNECTION_LOST = [
  QueryFailedError,
  QueryRunnerAlreadyReleasedError,
  QueryRunnerProviderAlreadyReleasedError,
  TransactionNotStartedError,
];

/**
 * The one way to the database: every statement runs in a transaction with time-outs, and a database that cannot
 * be reached is always the same typed error.
 */
export class Database implements OnApplicationShutdown {
  readonly #logger = new Logger(Database.name);
  #starting: Promise<void> | undefined;

  constructor(
    private readonly dataSource: DataSource,
    private readonly migrations: 'run' | 'check',
  ) {}

  /**
   * Connects and brings the tables up to date, or checks that they are. Done once; a failed start can be repeated.
   * @throws ServiceError `database.unavailable`
   * @throws EmbeddedDirectoryInUseError, PendingMigrationsError, MigrationFailedError, MigrationTableError,
   * UnusableDatabaseError: waiting does not help against these
   */
  async start(): Promise<void> {
    this.#starting ??= this.#start().catch((error: unknown) => {
      this.#starting = undefined;
      throw error;
    });
    return this.#starting;
  }

  /**
   * Runs `work` in one transaction: all of it happens, or nothing. It may run more than once, so it changes
   * nothing but rows. No call over the network belongs inside.
   * @throws ServiceError `database.unavailable`; whether a cut connection came before or after the COMMIT is unknown
   */
  async transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.#run('write', work);
  }

  /** Reads one consistent state: all statements of `work` see the same moment. */
  async read<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.#run('read', work);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#starting?.catch(() => undefined);
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }

  async #run<T>(purpose: Purpose, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    if (!this.dataSource.isInitialized) throw unavailable(new Error('the database was never reached'));
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#once(purpose, work);
      } catch (error) {
        if (tries < MOST_TRIES && RETRYABLE.has(sqlState(error) ?? '')) continue;
        throw asDatabaseError(error);
      }
    }
  }

  async #once<T>(purpose: Purpose, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    const runner = this.dataSource.createQueryRunner();
    try {
      await runner.startTransaction();
      await configure(runner, transactionSettings(purpose, schemaOf(this.dataSource), TIMEOUTS));
      const result = await work(runner.manager);
      await runner.commitTransaction();
      return result;
    } catch (error) {
      await abandon(runner, error);
      throw error;
    } finally {
      await runner.release();
    }
  }

  async #start(): Promise<void> {
    try {
      if (!this.dataSource.isInitialized) await this.dataSource.initialize();
      const schema = await locateTables(this.dataSource);
      if (!schema.onSearchPath) {
        this.#logger.warn({
          msg: 'the search path does not name the schema of the tables, which is used all the same',
          schema: schema.name,
        });
      }
      if (this.migrations === 'check') {
        await checkMigrations(this.dataSource);
      } else {
        const applied = await applyMigrations(this.dataSource);
        if (applied.length > 0) this.#logger.log({ msg: 'migrations applied', migrations: applied });
      }
      const { unknown } = await migrationState(this.dataSource);
      if (unknown.length > 0) {
        // During an upgrade and after it was taken back: newer tables serve the release before them too.
        this.#logger.warn({
          msg: 'the database has migrations that this program does not know: a newer release was here',
          migrations: unknown,
        });
      }
    } catch (error) {
      throw asDatabaseError(error);
    }
  }
}

/** Begins a transaction with these settings. A session that does not take them is as good as none. */
async function configure(runner: QueryRunner, settings: string): Promise<void> {
  try {
    await runner.query(settings);
  } catch (cause) {
    throw unavailable(cause);
  }
}

/**
 * Rolls back. A connection from which an answer did not come is closed instead: an answer that is late would leave it
 * inside of this transaction, which the next one would then commit; and a line that is dead would be tried again and
 * again. (`pg` gives up on the statement alone, and the pool takes the connection back.)
 */
async function abandon(runner: QueryRunner, error: unknown): Promise<void> {
  try {
    const cause = error instanceof ServiceError ? error.cause : error;
    if (cause instanceof QueryFailedError && sqlState(cause) === undefined) throw cause;
    await runner.rollbackTransaction();
  } catch {
    if (runner.isReleased) return;
    const client = await (runner.connect() as Promise<{ end(): Promise<void> }>).catch(() => undefined);
    void client?.end().catch(() => undefined);
  }
}

/** The typed error of a database that cannot be reached. */
function unavailable(cause: unknown): ServiceError {
  return new ServiceError('database.unavailable', undefined, { cause, retryAfter: 2 });
}

/** What callers get: `database.unavailable` where the connection, the server or the disk failed, else the error itself. */
export function asDatabaseError(error: unknown): unknown {
  if (error instanceof MigrationFailedError) {
    return asDatabaseError(error.cause) instanceof ServiceError ? unavailable(error) : error;
  }
  if (!isDatabaseFailure(error)) return error;
  const state = sqlState(error);
  return state !== undefined && OUR_FAULT.test(state) ? error : unavailable(error);
}

/**
 * Errors with a type of ours pass. `pg` and the embedded driver fail with plain errors when a connection is cut, a
 * pool is exhausted or a directory cannot be opened; TypeORM adds two of its own when a connection dies under it.
 */
function isDatabaseFailure(error: unknown): boolean {
  if (CONNECTION_LOST.some((type) => error instanceof type)) return true;
  return (
    types.isNativeError(error) &&
    (error.name === 'Error' || 'errno' in error || sqlState(error) !== undefined)
  );
}

function sqlState(error: unknown): string | undefined {
  const source = error instanceof QueryFailedError ? (error.driverError as unknown) : error;
  const code = (source as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}
