import { readdirSync, readFileSync } from 'node:fs';
import { DataSource } from 'typeorm';
import { ISSUER_SERVER_SCHEMA } from '../../src/issuer-server/issuer-server-schema.js';
import { dataSourceOptions, type Schema } from '../../src/database/data-source-options.js';
import { applyMigrations } from '../../src/database/migrate.js';
import { SERVICE_SCHEMA } from '../../src/schema/service-schema.js';
import type { TestDatabase } from '../support/database.js';

/** A program with tables. */
export interface TabledProgram {
  readonly name: 'service' | 'issuer';
  readonly schema: Schema;
  /** Where its migrations are, below `src`. */
  readonly directory: string;
}

export const PROGRAMS: readonly TabledProgram[] = [
  { name: 'service', schema: SERVICE_SCHEMA, directory: 'schema/migrations' },
  { name: 'issuer', schema: ISSUER_SERVER_SCHEMA, directory: 'issuer-server/migrations' },
];

/** A shape that a program's tables have had: that after its first migrations. */
export interface Shape {
  readonly program: TabledProgram;
  /** How many migrations made it. */
  readonly count: number;
  /** The name of the last one. */
  readonly migration: string;
}

/** Every shape of a program's tables, the oldest first. A new migration is here by itself. */
export function shapesOf(program: TabledProgram): Shape[] {
  return program.schema.migrations.map(({ name }, index) => ({ program, count: index + 1, migration: name }));
}

/** The last migrations of each release. The tables of a release do not change any more. */
export const RELEASES: Readonly<Record<string, Readonly<Record<TabledProgram['name'], string>>>> = {
  '0.1.0': { service: 'Initial1764000000000', issuer: 'AuthorityInitial1764000000000' },
  '0.2.0': { service: 'TokenCeiling1765600000000', issuer: 'AuthorityBoot1766100000000' },
};

const FIXTURES = new URL('./fixtures/', import.meta.url);

/** The names of the migrations for whose shape there are rows. */
export function fixturesOf({ name }: TabledProgram): string[] {
  return readdirSync(new URL(`${name}/`, FIXTURES)).map((file) => file.replace(/\.sql$/, ''));
}

/** Opens a database as a program of a shape would: it knows no later migration. Nothing runs yet. */
export async function openAs({ program, count }: Omit<Shape, 'migration'>, { location }: TestDatabase) {
  const migrations = program.schema.migrations.slice(0, count);
  return new DataSource(dataSourceOptions(location, { ...program.schema, migrations })).initialize();
}

/** Makes an empty database one of a shape, with the rows of its fixture in it. */
export async function fill(shape: Shape, database: TestDatabase): Promise<void> {
  const dataSource = await openAs(shape, database);
  try {
    await applyMigrations(dataSource);
    await loadRows(dataSource, shape);
  } finally {
    await dataSource.destroy();
  }
}

/**
 * Makes one database of both programs', as releases before made it where both had one address. An own one is refused to the
 * other program, so each runs while the other's list of migrations is set aside.
 */
export async function share(ask: (sql: string) => Promise<unknown>, migrateOther: () => Promise<unknown>) {
  await ask('CREATE TABLE set_aside AS SELECT timestamp, name FROM migration');
  await ask('DROP TABLE migration');
  await migrateOther();
  await ask(
    'INSERT INTO migration (timestamp, name) SELECT timestamp, name FROM set_aside ORDER BY timestamp',
  );
  await ask('DROP TABLE set_aside');
}

export async function loadRows(dataSource: DataSource, { program, migration }: Shape): Promise<void> {
  await dataSource.query(readFileSync(new URL(`${program.name}/${migration}.sql`, FIXTURES), 'utf8'));
}

/** Everything that migrations can make, as PostgreSQL itself describes it, but for TypeORM's list of them. */
export async function catalogOf(dataSource: DataSource): Promise<string[]> {
  const rows: { line: string }[] = await dataSource.query(`
    WITH ours AS (SELECT current_schema()::regnamespace AS schema)
    SELECT format('column %s.%s %s%s default %s identity %s %s', relname, attname, format_type(atttypid, atttypmod),
        CASE WHEN attnotnull THEN ' not null' END, pg_get_expr(adbin, adrelid), attidentity, attnum) AS line
      FROM ours, pg_attribute JOIN pg_class ON pg_class.oid = attrelid
      LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
      WHERE relnamespace = ours.schema AND relkind IN ('r', 'v', 'm') AND attnum > 0 AND NOT attisdropped
    UNION ALL SELECT format('constraint %s.%s %s', conrelid::regclass, conname, pg_get_constraintdef(pg_constraint.oid))
      FROM ours, pg_constraint WHERE connamespace = ours.schema
    UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = current_schema()
    UNION ALL SELECT format('relation %s %s', relkind, relname) FROM ours, pg_class WHERE relnamespace = ours.schema
    UNION ALL SELECT format('function %s', pg_proc.oid::regprocedure) FROM ours, pg_proc WHERE pronamespace = ours.schema
    UNION ALL SELECT format('type %s %s', typtype, typname) FROM ours, pg_type
      WHERE typnamespace = ours.schema AND typtype IN ('e', 'd')
    UNION ALL SELECT format('trigger %s', pg_get_triggerdef(pg_trigger.oid)) FROM ours, pg_trigger
      JOIN pg_class ON pg_class.oid = tgrelid WHERE relnamespace = ours.schema AND NOT tgisinternal
    ORDER BY line`);
  return rows
    .map(({ line }) => line)
    .filter((line) => !/\bmigration(_id_seq)?\b/.test(line) && !/PK_/.test(line));
}
