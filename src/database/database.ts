import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { abandon } from './abandon.js';
import { hasLock, type LockName, tryLockStatement } from './advisory-lock.js';
import { asDatabaseError, isDatabaseFailure, isOutOfReach, unavailable } from './database-error.js';
import { locateTables, schemaOf } from './database-inspection.js';
import { numberTaken } from './identities.js';
import { initialize } from './initialize.js';
import { applyMigrations, checkMigrations } from './migrate.js';
import { askAboutTables, MissingTableError, OutdatedReadError, type TablesAnswer } from './outdated-read.js';
import {
  type DatabaseFault,
  findPermanentFault,
  type PermanentFaultError,
  statementFault,
} from './permanent-fault.js';
import { type Client, close, isReadOnly, Sessions, StaleSessionError } from './sessions.js';
import { isWorthRepeating, READ_ONLY, sqlState } from './sql-state.js';
import { warningsOf } from './table-warnings.js';
import { type Purpose, type ServerTimeouts, transactionSettings } from './transaction-settings.js';

/** Milliseconds; each is shorter than the client's own time-out, so that the server lets go first. */
const TIMEOUTS: ServerTimeouts = { statement: 3_000, lock: 2_500, idle: 10_000 };

const MAX_TRIES = 4;

/** @param isLocked - whether the transaction has the lock that it tried to get */
type Work<T> = (manager: EntityManager, isLocked: boolean) => Promise<T>;

/**
 * The one way to the database: every statement runs in a transaction with time-outs, and a database that cannot
 * be reached is always the same typed error.
 */
export class Database implements OnApplicationShutdown {
  readonly #logger = new Logger(Database.name);
  readonly #sessions = new Sessions();
  #starting: Promise<void> | undefined;
  #fault: DatabaseFault | undefined;
  #endFailure: Error | undefined;
  /** Whether a start found or made them. */
  #hadTables = false;
  /** Why the last start failed. */
  #startFailure: unknown = new Error('the database was never reached');

  /** @param isFollowed - whether a file has its address: a change of it can fix a permanent fault */
  constructor(
    private readonly dataSource: DataSource,
    private readonly migrations: 'run' | 'check',
    private readonly isFollowed = false,
  ) {}

  /** Whether the database refuses writes, as a standby does; undefined while it was never asked. Each read asks. */
  get readOnly(): boolean | undefined {
    return this.#sessions.readOnly;
  }

  /** Why the last try failed; undefined after one that worked, and before the first. */
  get fault(): DatabaseFault | undefined {
    return this.#fault;
  }

  /**
   * Connects and brings the tables up to date, or checks that they are. Done once; a failed start can be repeated.
   * @throws ServiceError `database.unavailable`
   * @throws EmbeddedDirectoryInUseError, PendingMigrationsError, MigrationFailedError, MigrationTableError,
   * PermanentFaultError, UnusableDatabaseError: waiting does not help against these
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

  /**
   * The same with an advisory lock of the transaction, if the lock is free: it does not wait, and needs no
   * statement of its own. What `work` reads is from after that.
   */
  async transactionTrying<T>(lock: LockName, work: Work<T>): Promise<T> {
    return this.#run('write', work, lock);
  }

  /** Reads one consistent state: all statements of `work` see the same moment. */
  async read<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.#run('read', work);
  }

  /** Never rejects, as Nest would only log that: {@link assertEnded} tells. */
  async onApplicationShutdown(): Promise<void> {
    await this.#starting?.catch(() => undefined);
    if (!this.dataSource.isInitialized) return;
    await this.dataSource.destroy().catch((error: Error) => (this.#endFailure = error));
  }

  /** After the end. @throws why it was none, as that of an embedded directory which is not the opened one any more */
  assertEnded(): void {
    if (this.#endFailure !== undefined) throw this.#endFailure;
  }

  async #run<T>(purpose: Purpose, work: Work<T>, lock?: LockName): Promise<T> {
    if (!this.dataSource.isInitialized) throw unavailable(this.#startFailure);
    for (let tries = 1; ; tries += 1) {
      try {
        const result = await this.#once(purpose, work, lock);
        this.#works();
        return result;
      } catch (error) {
        const isStale = error instanceof StaleSessionError || error instanceof OutdatedReadError;
        if (tries < MAX_TRIES && (isStale || isWorthRepeating(sqlState(error)))) continue;
        const failure = this.#asFailure(error instanceof StaleSessionError ? error.cause : error);
        if (isOutOfReach(failure)) this.#fails(findPermanentFault(failure));
        throw failure;
      }
    }
  }

  #asFailure(error: unknown): unknown {
    const taken = numberTaken(error, this.dataSource);
    if (taken !== undefined) this.#logger.error({ msg: taken.message });
    const fault = taken ?? statementFault(error, this.#hadTables, this.dataSource);
    return fault === undefined ? asDatabaseError(error) : unavailable(fault);
  }

  #works(): void {
    if (this.#fault !== undefined && this.#fault !== 'unreachable')
      this.#logger.log({ msg: 'the database can be used again' });
    this.#fault = undefined;
  }

  #fails(permanent: PermanentFaultError | undefined): void {
    const reason = permanent?.reason ?? 'unreachable';
    if (permanent !== undefined && reason !== this.#fault) this.#logger.error({ msg: permanent.message });
    this.#fault = reason;
  }

  async #once<T>(purpose: Purpose, work: Work<T>, lock?: LockName): Promise<T> {
    const { runner, client } = await this.#sessions.take(this.dataSource);
    try {
      await runner.startTransaction();
      const isLocked = await this.#configure(client, purpose, lock);
      const result = await (purpose === 'read'
        ? this.#readCurrent(runner, client, (manager) => work(manager, isLocked))
        : work(runner.manager, isLocked));
      await runner.commitTransaction();
      return result;
    } catch (error) {
      if (sqlState(error) === READ_ONLY) {
        if (this.#sessions.heard(client, true)) {
          close(client);
          throw new StaleSessionError(error);
        }
        await runner.rollbackTransaction().catch(() => close(client));
      } else {
        await abandon(runner, client, error);
      }
      throw error;
    } finally {
      await runner.release();
    }
  }

  /**
   * @throws OutdatedReadError in the place of what `work` returns or throws, where that comes from tables
   *   that only look empty; MissingTableError, also where `work` needs none of the tables: so a probe tells
   *   the same as any other read
   */
  async #readCurrent<T>(
    runner: QueryRunner,
    client: Client,
    work: (manager: EntityManager) => Promise<T>,
  ): Promise<T> {
    const ask = async () => {
      const { rows } = (await client.query(askAboutTables(this.dataSource))) as { rows: TablesAnswer[] };
      return rows[0];
    };
    let result: T;
    try {
      result = await work(runner.manager);
    } catch (error) {
      // After an error of the database itself the transaction takes no further statement.
      if (!isDatabaseFailure(error) && (await ask().catch(() => undefined))?.outdated)
        throw new OutdatedReadError();
      throw error;
    }
    const { outdated, missing } = (await ask()) ?? { outdated: false, missing: null };
    if (outdated) throw new OutdatedReadError();
    if (missing !== null && this.#hadTables) throw new MissingTableError(missing);
    return result;
  }

  /**
   * Begins a transaction with its settings. A session that does not take them is as good as none.
   * @returns whether it got the lock
   */
  async #configure(client: Client, purpose: Purpose, lock?: LockName): Promise<boolean> {
    try {
      const settings = transactionSettings(purpose, schemaOf(this.dataSource), TIMEOUTS);
      const results = await client.query(
        lock === undefined ? settings : `${settings};\n${tryLockStatement(lock)}`,
      );
      if (purpose === 'read') this.#sessions.heard(client, isReadOnly(results));
      return lock !== undefined && hasLock(results);
    } catch (cause) {
      throw unavailable(cause);
    }
  }

  async #start(): Promise<void> {
    try {
      if (!this.dataSource.isInitialized) await initialize(this.dataSource);
      await locateTables(this.dataSource);
      if (this.migrations === 'check') {
        await checkMigrations(this.dataSource);
      } else {
        const applied = await applyMigrations(this.dataSource);
        if (applied.length > 0) this.#logger.log({ msg: 'migrations applied', migrations: applied });
      }
      this.#hadTables = true;
      for (const warning of await warningsOf(this.dataSource)) this.#logger.warn(warning);
      this.#fault = undefined;
    } catch (error) {
      const permanent = findPermanentFault(error) ?? statementFault(error, false, this.dataSource);
      this.#fault = permanent?.reason ?? 'unreachable';
      this.#startFailure = permanent ?? error;
      if (permanent === undefined) throw asDatabaseError(error);
      throw this.isFollowed ? unavailable(permanent) : permanent;
    }
  }
}
