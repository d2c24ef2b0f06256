import { escapeIdentifier } from 'pg';
import type { DataSource, QueryRunner } from 'typeorm';
import { otherOwner, othersDatabase } from './database-owner.js';
import { transactionSettings } from './transaction-settings.js';

/** The database works, and this program cannot work on it: the message says why, and what to do. */
export class UnusableDatabaseError extends Error {
  override readonly name = 'UnusableDatabaseError';
}

const ENCODING = 'UTF8';

const TIMEOUTS = { statement: 3_000, lock: 2_500, idle: 10_000 };

/** The schema of our tables. */
export interface TableSchema {
  readonly name: string;
}

/** A schema with a table that looks like a list of migrations, and that this role may read. */
interface Candidate {
  readonly schema: string;
  /** From 1, in the order of the search path; null where that does not name it. */
  readonly place: number | null;
}

/** What was found, by data source: a search path that changes later changes nothing. */
const FOUND = new WeakMap<DataSource, TableSchema>();

/**
 * Looks where the tables of a program are, and whether the database can hold them; changes nothing. Once for
 * a data source: its tables stay there from then on. Tables are where the program's own migrations are
 * listed, in a schema that the search path names: those of a schema off the path may be another instance's,
 * and are never joined.
 *
 * @throws UnusableDatabaseError, and what a connection that is cut throws
 */
export async function locateTables(dataSource: DataSource): Promise<TableSchema> {
  const known = FOUND.get(dataSource);
  if (known !== undefined) return known;
  const runner = dataSource.createQueryRunner();
  try {
    await runner.startTransaction();
    await runner.query(transactionSettings('read', undefined, TIMEOUTS));
    const schema = await inspect(runner, migrationNames(dataSource));
    await runner.commitTransaction();
    placeTables(dataSource, schema);
    return schema;
  } catch (error) {
    await runner.rollbackTransaction().catch(() => undefined);
    throw error;
  } finally {
    await runner.release();
  }
}

/** Says where the tables are, for another data source of the same database. */
export function placeTables(dataSource: DataSource, schema: TableSchema): void {
  FOUND.set(dataSource, schema);
  // TypeORM completes names by what the search path said when it connected.
  Object.assign(dataSource.driver, { schema: schema.name, searchSchema: schema.name });
}

/** The schema of the tables; undefined before {@link locateTables}. */
export function schemaOf(dataSource: DataSource): string | undefined {
  return FOUND.get(dataSource)?.name;
}

/** The names of a program's migrations, in the order in which they run. */
export function migrationNames(dataSource: DataSource): string[] {
  return dataSource.migrations.map((migration) => migration.name ?? migration.constructor.name);
}

async function inspect(runner: QueryRunner, migrations: readonly string[]): Promise<TableSchema> {
  const [session] = (await runner.query(`
    SELECT pg_catalog.current_setting('server_encoding') AS encoding,
      pg_catalog.current_setting('search_path') AS search_path,
      pg_catalog.current_schemas(false)::pg_catalog.text[] AS schemas,
      pg_catalog.current_setting('session_replication_role') = 'origin'
        OR pg_catalog.current_setting('is_superuser') = 'on' AS has_triggers`)) as [
    { encoding: string; search_path: string; schemas: string[]; has_triggers: boolean },
  ];
  if (session.encoding !== ENCODING) {
    throw new UnusableDatabaseError(
      `The database's encoding is ${session.encoding} and has to be ${ENCODING}: ` +
        `make one with CREATE DATABASE … ENCODING '${ENCODING}' TEMPLATE template0.`,
    );
  }
  if (!session.has_triggers) {
    throw new UnusableDatabaseError(
      'session_replication_role is not "origin" here, so foreign keys do not work, and this role may not change that: ' +
        'take the setting from the database and from the role (ALTER … RESET session_replication_role).',
    );
  }
  await runner.query('SET LOCAL search_path = pg_catalog, pg_temp');
  const candidates: Candidate[] = [];
  const others: Candidate[] = [];
  for (const candidate of await listsOfMigrations(runner, session.schemas)) {
    if (await lists(runner, candidate.schema, migrations)) candidates.push(candidate);
    else if (candidate.place !== null) others.push(candidate);
  }
  const found = choose(candidates, session.search_path);
  if (found === undefined) {
    for (const { schema } of others) refuseOthers(schema, migrations, await recordedIn(runner, schema));
  }
  const name = found ?? session.schemas[0];
  if (name === undefined) {
    throw new UnusableDatabaseError(
      `The search path (${session.search_path}) names no schema that exists and that this role may use: ` +
        'create one, or change search_path.',
    );
  }
  return { name };
}

/**
 * Nothing of ours is made in the other program's database, and nothing there is changed.
 *
 * @param known - the migrations of this program
 * @param recorded - those that the schema's list has
 * @throws UnusableDatabaseError where they are the other program's alone
 */
export function refuseOthers(schema: string, known: readonly string[], recorded: readonly string[]): void {
  const owner = otherOwner(known, recorded);
  if (owner !== undefined) throw new UnusableDatabaseError(othersDatabase(owner, schema));
}

/** @returns undefined where no schema has our tables yet */
function choose(candidates: readonly Candidate[], searchPath: string): string | undefined {
  const named = candidates.filter(({ place }) => place !== null);
  const [only, ...others] = named.length > 0 ? named : candidates;
  if (only === undefined) return undefined;
  if (others.length === 0) {
    if (only.place !== null) return only.schema;
    throw new UnusableDatabaseError(
      `The search path (${searchPath}) does not name the schema "${only.schema}", where tables of this program are. ` +
        'To use them, name it, as in ALTER ROLE … IN DATABASE … SET search_path = …; for a new instance, make a database of ' +
        'its own, or a role that may not read them (docs/database.md).',
    );
  }
  const names = [only, ...others].map(({ schema }) => `"${schema}"`).join(' and ');
  throw new UnusableDatabaseError(
    `The tables of this program are in the schemas ${names}, and the search path does not say which count: ` +
      'name one of them alone, as in ALTER ROLE … IN DATABASE … SET search_path = … (docs/database.md).',
  );
}

async function listsOfMigrations(runner: QueryRunner, schemas: readonly string[]): Promise<Candidate[]> {
  return (await runner.query(
    `SELECT nspname AS schema, array_position($1::text[], nspname::text) AS place
     FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE relname = 'migration' AND relkind IN ('r', 'p') AND nspname !~ '^pg_'
       AND has_schema_privilege(relnamespace, 'USAGE') AND has_table_privilege(pg_class.oid, 'SELECT')
       AND 3 = (
         SELECT count(*) FROM pg_attribute
         WHERE attrelid = pg_class.oid AND attname IN ('id', 'timestamp', 'name') AND NOT attisdropped
       )
     ORDER BY place NULLS LAST, nspname`,
    [schemas],
  )) as Candidate[];
}

async function lists(runner: QueryRunner, schema: string, migrations: readonly string[]): Promise<boolean> {
  const found = (await runner.query(
    `SELECT FROM ${escapeIdentifier(schema)}.migration WHERE name::text = ANY ($1::text[]) LIMIT 1`,
    [migrations],
  )) as unknown[];
  return found.length > 0;
}

async function recordedIn(runner: QueryRunner, schema: string): Promise<string[]> {
  const rows = (await runner.query(
    `SELECT name::text AS name FROM ${escapeIdentifier(schema)}.migration`,
  )) as { name: string }[];
  return rows.map(({ name }) => name);
}
