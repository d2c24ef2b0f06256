import { DataSource, MigrationExecutor, type QueryRunner } from 'typeorm';
import type { DatabaseLocation } from '../config/setting.js';
import { dataSourceOptions, MIGRATION_TIMEOUT_MS, type Schema } from './data-source-options.js';
import { locateTables } from './database-inspection.js';
import { asOpeningError } from './database-error.js';
import { ExportFile, ImportFile, linesOf, oneLine, TransferError } from './export-file.js';
import { mendIdentities, staleIdentities } from './identities.js';
import { migrationState, takeTurn } from './migrate.js';
import { sqlState } from './sql-state.js';
import { tablesInOrder } from './table-order.js';
import { type Purpose, transactionSettings } from './transaction-settings.js';

/** A database of one program. */
export interface Transferable {
  readonly location: DatabaseLocation;
  readonly schema: Schema;
  /** Whose rows they are: those of the one are of no use to the other. */
  readonly program: 'service' | 'issuer';
}

const ROWS_AT_ONCE = 500;

/** SQLSTATE: a value that no column takes, or a row that a constraint refuses. No export has such rows. */
const BAD_ROW = /^2[23]/;

const TIMEOUTS = { statement: MIGRATION_TIMEOUT_MS - 1_000, lock: 3_000, idle: MIGRATION_TIMEOUT_MS };

/**
 * Writes every row into a new file, as JSON Lines (a header, a line for each row, a line with their number):
 * what no version of PostgreSQL and no embedded engine matters to. The file has secrets and is its owner's
 * alone.
 *
 * @returns how many rows it has
 * @throws TransferError, ServiceError `database.unavailable`, EmbeddedDirectoryInUseError
 */
export async function exportDatabase(from: Transferable, path: string): Promise<number> {
  return inTransaction(from, 'read', async (runner, dataSource) => {
    const { pending, unknown } = await migrationState(dataSource, runner);
    if (pending.length > 0 || unknown.length > 0) {
      throw new TransferError(
        `The database does not have the tables of this release (${[...pending, ...unknown].join(', ')}): ` +
          'export it with the release that it is of, or run --migrate first.',
      );
    }
    const migrations = namesOf(dataSource);
    const file = await ExportFile.make(path);
    try {
      let rows = 0;
      await file.write(`${JSON.stringify({ licentia: from.program, migrations })}\n`);
      for (const table of await tablesInOrder(runner, tablesOf(dataSource))) {
        await runner.query(
          `DECLARE rows_to_export CURSOR FOR SELECT to_jsonb(t)::text AS row FROM "${table}" t`,
        );
        for (;;) {
          const found = (await runner.query(`FETCH ${ROWS_AT_ONCE} FROM rows_to_export`)) as {
            row: string;
          }[];
          if (found.length === 0) break;
          await file.write(found.map(({ row }) => `{"table":"${table}","row":${oneLine(row)}}\n`).join(''));
          rows += found.length;
        }
        await runner.query('CLOSE rows_to_export');
      }
      await file.write(`${JSON.stringify({ rows })}\n`);
      await file.finish();
      return rows;
    } finally {
      await file.close();
    }
  });
}

/**
 * Puts the rows of an export into an empty database, and brings its tables up to date: all of it, or nothing.
 * Meanwhile no other session migrates or imports there.
 *
 * @returns how many rows there are
 * @throws TransferError, UnusableDatabaseError, ServiceError `database.unavailable`, EmbeddedDirectoryInUseError
 */
export async function importDatabase(into: Transferable, path: string): Promise<number> {
  const file = await ImportFile.open(path);
  try {
    return await inTransaction(into, 'migration', (runner, dataSource) =>
      importLines(runner, dataSource, into.program, linesOf(file)),
    );
  } finally {
    await file.close();
  }
}

async function importLines(
  runner: QueryRunner,
  dataSource: DataSource,
  program: string,
  lines: AsyncIterator<string, undefined>,
): Promise<number> {
  const migrations = readHeader(program, (await lines.next()).value);
  const known = namesOf(dataSource);
  const strange = migrations.filter((name) => !known.includes(name));
  if (strange.length > 0) {
    throw new TransferError(
      `The export is of a newer release (${strange.join(', ')}): import it with that one or a later one.`,
    );
  }
  await takeTurn(dataSource, runner);
  const { pending, unknown } = await migrationState(dataSource, runner);
  if (pending.length < known.length || unknown.length > 0) {
    throw new TransferError(
      'The database has tables of ours already: name a new, empty one in DATABASE_URL.',
    );
  }
  await migrate(runner, dataSource, (name) => migrations.includes(name));
  const tables = await tablesInOrder(runner, tablesOf(dataSource));
  for (const table of [...tables].reverse()) await runner.query(`DELETE FROM "${table}"`);
  const rows = await insert(runner, tables, lines);
  await mendIdentities(runner, await staleIdentities(runner, tables));
  await migrate(runner, dataSource, () => true);
  return rows;
}

/** The tables are those of the export's release: the rows fit, and go through the later migrations as any do. */
async function insert(
  runner: QueryRunner,
  tables: readonly string[],
  lines: AsyncIterator<string, undefined>,
): Promise<number> {
  let rows = 0;
  let waiting: { table: string; lines: string[] } | undefined;
  const flush = async () => {
    if (waiting === undefined) return;
    const inserted = runner.query(
      `INSERT INTO "${waiting.table}" OVERRIDING SYSTEM VALUE
       SELECT row.* FROM unnest($1::text[]) WITH ORDINALITY AS line (text, place),
         jsonb_populate_record(NULL::"${waiting.table}", line.text::jsonb -> 'row') AS row ORDER BY place`,
      [waiting.lines],
    );
    await inserted.catch((error: unknown) => {
      throw BAD_ROW.test(sqlState(error) ?? '') ? damaged(error) : error;
    });
    waiting = undefined;
  };
  for (;;) {
    const { value, done } = await lines.next();
    const line = done ? undefined : readLine(value);
    if (line === undefined || (line.table === undefined && line.rows !== rows)) {
      throw damaged();
    }
    if (line.table === undefined) break;
    if (!tables.includes(line.table))
      throw new TransferError(`The file has a table "${line.table}" that is not ours.`);
    if (waiting !== undefined && (waiting.table !== line.table || waiting.lines.length >= ROWS_AT_ONCE))
      await flush();
    waiting ??= { table: line.table, lines: [] };
    waiting.lines.push(value as string);
    rows += 1;
  }
  await flush();
  return rows;
}

function damaged(cause?: unknown): TransferError {
  return new TransferError('The file is cut off or damaged: make the export again.', { cause });
}

function readHeader(program: string, line: string | undefined): string[] {
  const { licentia, migrations } = readLine(line) ?? {};
  if (licentia !== program || !Array.isArray(migrations)) {
    throw new TransferError(`The file is no export of the ${program}.`);
  }
  return migrations;
}

interface Line {
  readonly licentia?: string;
  readonly migrations?: string[];
  readonly table?: string;
  readonly rows?: number;
}

function readLine(line: string | undefined): Line | undefined {
  try {
    return (JSON.parse(line ?? '') ?? undefined) as Line | undefined;
  } catch {
    return undefined;
  }
}

async function migrate(runner: QueryRunner, dataSource: DataSource, isWanted: (name: string) => boolean) {
  const executor = new MigrationExecutor(dataSource, runner);
  for (const migration of await executor.getPendingMigrations()) {
    if (isWanted(migration.name)) await executor.executeMigration(migration);
  }
}

async function inTransaction<T>(
  { location, schema }: Transferable,
  purpose: Purpose,
  work: (runner: QueryRunner, dataSource: DataSource) => Promise<T>,
): Promise<T> {
  const dataSource = new DataSource(dataSourceOptions(location, schema, MIGRATION_TIMEOUT_MS));
  try {
    await dataSource.initialize();
    const { name } = await locateTables(dataSource);
    const runner = dataSource.createQueryRunner();
    try {
      await runner.startTransaction();
      await runner.query(transactionSettings(purpose, name, TIMEOUTS));
      const result = await work(runner, dataSource);
      await runner.commitTransaction();
      return result;
    } catch (error) {
      await runner.rollbackTransaction().catch(() => undefined);
      throw error;
    } finally {
      await runner.release();
    }
  } catch (error) {
    throw asOpeningError(error);
  } finally {
    if (dataSource.isInitialized) await dataSource.destroy();
  }
}

function namesOf({ migrations }: DataSource): string[] {
  return migrations.map((migration) => migration.name ?? migration.constructor.name);
}

function tablesOf({ entityMetadatas }: DataSource): string[] {
  return entityMetadatas.map(({ tableName }) => tableName);
}
