import { type DataSource, MigrationExecutor } from 'typeorm';

/** Any number that nobody else who shares the database would choose. */
const LOCK_KEY = 4_771_203_915;

/** The tables are older than this program, and it was told not to change them (`DATABASE_MIGRATIONS=check`). */
export class PendingMigrationsError extends Error {
  override readonly name = 'PendingMigrationsError';

  constructor(readonly pending: readonly string[]) {
    super(
      `The database lacks ${pending.length} migration(s): ${pending.join(', ')}. ` +
        'Start once with DATABASE_MIGRATIONS=run as a role that may change tables.',
    );
  }
}

/**
 * Runs what has not run yet, all of it in one transaction that holds a lock: of replicas that start together one
 * works and the others find it done. (TypeORM's executor takes no lock by itself.)
 * @returns the names of the migrations that ran
 */
export async function applyMigrations(dataSource: DataSource): Promise<string[]> {
  const runner = dataSource.createQueryRunner();
  try {
    await runner.startTransaction();
    try {
      await runner.query('SELECT pg_advisory_xact_lock($1)', [LOCK_KEY]);
      const executor = new MigrationExecutor(dataSource, runner);
      executor.transaction = 'none';
      const applied = await executor.executePendingMigrations();
      await runner.commitTransaction();
      return applied.map((migration) => migration.name);
    } catch (error) {
      await runner.rollbackTransaction().catch(() => undefined);
      throw error;
    }
  } finally {
    await runner.release();
  }
}

/**
 * Reads whether every migration has run; changes nothing and needs no right to.
 * @throws PendingMigrationsError
 */
export async function checkMigrations(dataSource: DataSource): Promise<void> {
  const [table] = await dataSource.query<{ name: string | null }[]>(
    `SELECT to_regclass('migration')::text AS name`,
  );
  const rows =
    table?.name == null ? [] : await dataSource.query<{ name: string }[]>('SELECT name FROM migration');
  const done = new Set(rows.map((row) => row.name));
  const pending = dataSource.migrations
    .map((migration) => migration.name ?? migration.constructor.name)
    .filter((name) => !done.has(name));
  if (pending.length > 0) throw new PendingMigrationsError(pending);
}
