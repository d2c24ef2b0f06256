import { DataSource, MigrationExecutor, QueryFailedError, type QueryRunner } from 'typeorm';
import { MIGRATION_TIMEOUT_MS } from './data-source-options.js';
import { locateTables, migrationNames, placeTables, refuseOthers, schemaOf } from './database-inspection.js';
import { programOf } from './database-owner.js';
import { mendIdentities, StaleIdentityError, staleIdentities } from './identities.js';
import { transactionSettings } from './transaction-settings.js';

/** The advisory lock of migrations and imports: a number that no other program on the database is likely to choose. */
export const MIGRATION_LOCK = 4_771_203_915;

/**
 * How long a replica waits for the one that migrates, milliseconds. After that it listens, not ready, and
 * tries again.
 */
const TURN_TIMEOUT_MS = 10_000;

/**
 * Longer than any other statement may take, and shorter than the client's own time-out. The wait for a locked table is
 * short, because later statements queue behind it.
 */
const TIMEOUTS = { statement: MIGRATION_TIMEOUT_MS - 1_000, lock: 3_000, idle: 60_000 };
/** For reading the list of migrations. */
const SHORT_TIMEOUTS = { statement: 3_000, lock: 2_500, idle: 10_000 };

const INSUFFICIENT_PRIVILEGE = '42501';

const NUMBERING = 'next number of ';

/** The tables are older than this program, and it was told not to change them (`DATABASE_MIGRATIONS=check`). */
export class PendingMigrationsError extends Error {
  override readonly name = 'PendingMigrationsError';

  constructor(readonly pending: readonly string[]) {
    super(
      `The database lacks ${pending.length} migration(s): ${pending.join(', ')}. ` +
        'Run this program once with --migrate, as a role that may change tables (docs/database.md).',
    );
  }
}

/** A migration did not work. It and those before it in the same run have changed nothing. */
export class MigrationFailedError extends Error {
  override readonly name = 'MigrationFailedError';

  constructor(
    readonly migration: string,
    override readonly cause: unknown,
  ) {
    super(
      `The migration ${migration} failed, and nothing was changed: ${reasonOf(cause)}.` +
        (stateOf(cause) === INSUFFICIENT_PRIVILEGE
          ? ' Run this program once with --migrate, as a role that may change tables (docs/database.md).'
          : ''),
    );
  }
}

/** There is a table `migration`, and it is not the list of ours, or may not be read. */
export class MigrationTableError extends Error {
  override readonly name = 'MigrationTableError';
}

/** What the database has been through, by the names of migrations. */
export interface MigrationState {
  /** Known to this program, and not run yet. */
  readonly pending: readonly string[];
  /** Run, and not known to this program: a newer release was here. What the other program ran is none of these. */
  readonly unknown: readonly string[];
}

/**
 * Reads what has run; changes nothing and needs no right to.
 * @param runner - what to ask inside of a transaction, whose settings are ours
 * @throws MigrationTableError, UnusableDatabaseError
 */
export async function migrationState(dataSource: DataSource, runner?: QueryRunner): Promise<MigrationState> {
  const known = migrationNames(dataSource);
  const done = runner === undefined ? await readTables(dataSource, readNames) : await readNames(runner);
  const own = programOf(known[0] ?? '');
  return {
    pending: known.filter((name) => !done.includes(name)),
    unknown: done.filter((name) => !known.includes(name) && programOf(name) === own),
  };
}

/**
 * Looks whether every migration has run and rows can be added; changes nothing and needs no right to.
 * @throws PendingMigrationsError, MigrationTableError, StaleIdentityError
 */
export async function checkMigrations(dataSource: DataSource): Promise<void> {
  const { pending } = await migrationState(dataSource);
  if (pending.length > 0) throw new PendingMigrationsError(pending);
  const stale = await readTables(dataSource, (runner) => staleIdentities(runner, tablesOf(dataSource)));
  if (stale.length > 0) throw new StaleIdentityError(stale);
}

/**
 * Runs what has not run yet, all of it in one transaction that holds a lock: of replicas that start together one
 * works and the others find it done. (TypeORM's executor takes no lock by itself.) Identities that are behind
 * their tables are set past them. Where nothing is to be done, nothing is locked, and no right to change
 * tables is needed.
 *
 * @returns the names of the migrations that ran, and of the identities that were set
 * @throws MigrationFailedError, MigrationTableError, StaleIdentityError, UnusableDatabaseError, and what a connection
 * that is cut throws
 */
export async function applyMigrations(dataSource: DataSource): Promise<string[]> {
  const { pending } = await migrationState(dataSource);
  const stale = await readTables(dataSource, (runner) => staleIdentities(runner, tablesOf(dataSource)));
  if (pending.length === 0 && stale.length === 0) return [];
  return patiently(dataSource, async (patient) => {
    const runner = patient.createQueryRunner();
    try {
      await runner.startTransaction();
      const applied = await runPending(patient, runner);
      await runner.commitTransaction();
      return applied;
    } catch (error) {
      await runner.rollbackTransaction().catch(() => undefined);
      throw error;
    } finally {
      await runner.release();
    }
  });
}

/** What was done, as a sentence. @param applied - an entry of what {@link applyMigrations} returns */
export function describeApplied(applied: string): string {
  return applied.startsWith(NUMBERING) ? `Set the ${applied} past its rows.` : `Applied ${applied}.`;
}

/**
 * Begins to change the tables in a transaction: waits until no other session does, then looks whose they are. The
 * other program may have begun on the same empty database, and been first.
 *
 * @throws UnusableDatabaseError, MigrationTableError, QueryFailedError with SQLSTATE 55P03 after ten seconds of waiting
 */
export async function takeTurn(dataSource: DataSource, runner: QueryRunner): Promise<void> {
  await runner.query(`SET LOCAL lock_timeout = ${TURN_TIMEOUT_MS}`);
  await runner.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
  await runner.query(`SET LOCAL lock_timeout = ${TIMEOUTS.lock}`);
  refuseOthers(schemaOf(dataSource) ?? '', migrationNames(dataSource), await readNames(runner));
}

async function runPending(dataSource: DataSource, runner: QueryRunner): Promise<string[]> {
  await runner.query(transactionSettings('migration', schemaOf(dataSource), TIMEOUTS));
  await takeTurn(dataSource, runner);
  // Before the migrations: their own list is numbered too.
  const stale = await staleIdentities(runner, tablesOf(dataSource));
  const applied = stale.map(({ table, column }) => `${NUMBERING}${table}.${column}`);
  try {
    await mendIdentities(runner, stale);
  } catch (error) {
    throw stateOf(error) === INSUFFICIENT_PRIVILEGE ? new StaleIdentityError(stale) : error;
  }
  const executor = new MigrationExecutor(dataSource, runner);
  for (const migration of await executor.getPendingMigrations()) {
    try {
      await executor.executeMigration(migration);
    } catch (error) {
      throw new MigrationFailedError(migration.name, error);
    }
    applied.push(migration.name);
  }
  return applied;
}

/** Our tables, that of the migrations included. */
export function tablesOf(dataSource: DataSource): string[] {
  return ['migration', ...dataSource.entityMetadatas.map(({ tableName }) => tableName)];
}

/** A connection of its own on a server: the client's time-out is the pool's, and far too short for a large table. */
async function patiently<T>(dataSource: DataSource, work: (patient: DataSource) => Promise<T>): Promise<T> {
  const { options } = dataSource;
  if (options.type !== 'postgres' || options.url === undefined) return work(dataSource);
  const extra = { ...(options.extra as object), max: 1, query_timeout: MIGRATION_TIMEOUT_MS };
  const patient = await new DataSource({ ...options, extra }).initialize();
  try {
    placeTables(patient, await locateTables(dataSource));
    return await work(patient);
  } finally {
    await patient.destroy().catch(() => undefined);
  }
}

/** Reads the tables in their own schema, regardless of the session's settings. */
export async function readTables<T>(
  dataSource: DataSource,
  work: (runner: QueryRunner) => Promise<T>,
): Promise<T> {
  const { name: schema } = await locateTables(dataSource);
  const runner = dataSource.createQueryRunner();
  try {
    await runner.startTransaction();
    await runner.query(transactionSettings('read', schema, SHORT_TIMEOUTS));
    const found = await work(runner);
    await runner.commitTransaction();
    return found;
  } catch (error) {
    await runner.rollbackTransaction().catch(() => undefined);
    throw error;
  } finally {
    await runner.release();
  }
}

async function readNames(runner: QueryRunner): Promise<string[]> {
  const [table] = (await runner.query(
    `SELECT to_regclass('migration')::text AS name, (
       SELECT count(*) = 3 FROM pg_attribute
       WHERE attrelid = to_regclass('migration') AND attname IN ('id', 'timestamp', 'name') AND NOT attisdropped
     ) AS ours`,
  )) as { name: string | null; ours: boolean }[];
  if (table?.name == null) return [];
  if (!table.ours) {
    throw new MigrationTableError(
      'The database has a table "migration" that is not ours: give this program a database of its own.',
    );
  }
  try {
    const rows = (await runner.query('SELECT name FROM migration ORDER BY id')) as { name: string }[];
    return rows.map(({ name }) => name);
  } catch (error) {
    if (stateOf(error) !== INSUFFICIENT_PRIVILEGE) throw error;
    throw new MigrationTableError(
      `The list of migrations may not be read: ${reasonOf(error)}. docs/database.md has the rights that a role needs.`,
      { cause: error },
    );
  }
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
}

function stateOf(error: unknown): string | undefined {
  return error instanceof QueryFailedError ? (error.driverError as { code?: string }).code : undefined;
}
