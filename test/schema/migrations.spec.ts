import { readdirSync } from 'node:fs';
import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm';
import {
  applyMigrations,
  checkMigrations,
  describeApplied,
  MigrationFailedError,
  migrationState,
  MigrationTableError,
} from '../../src/database/migrate.js';
import { StaleIdentityError } from '../../src/database/identities.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { catalogOf, fixturesOf, loadRows, openAs, PROGRAMS, shapesOf, share } from './shape.js';

/** What a column may be: no length that could cut a text, no time without its zone. */
const TYPES =
  /^(text|timestamp with time zone|bigint|integer|smallint|boolean|uuid|jsonb|text\[\]|bigint\[\])$/;

class Next2000000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE next_thing (id bigint, CONSTRAINT next_thing_pkey PRIMARY KEY (id))');
  }

  async down(): Promise<void> {}
}

/** The issuer's have names that begin so, which tells them from the service's in one database. */
class AuthorityNext2000000000000 extends Next2000000000000 {}

class Broken2000000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE broken_thing (id bigint)');
    await runner.query('ALTER TABLE there_is_none ADD COLUMN more text');
  }

  async down(): Promise<void> {}
}

describe.each(PROGRAMS)('the migrations of the $name', (program) => {
  const { schema, directory } = program;
  const whole = { program, count: schema.migrations.length };
  const names = schema.migrations.map(({ name }) => name);
  let database: TestDatabase;
  let dataSource: DataSource;

  beforeEach(async () => {
    database = await testDatabase('none');
    dataSource = await openAs(whole, database);
  });

  afterEach(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  /** Opens the same database as a program that has one migration more. */
  async function withMore(...more: (new () => MigrationInterface)[]): Promise<DataSource> {
    await dataSource.destroy();
    const migrations = [...schema.migrations, ...more];
    const later = { ...program, schema: { ...schema, migrations } };
    return (dataSource = await openAs({ program: later, count: migrations.length }, database));
  }

  async function recorded(): Promise<string[]> {
    const rows: { name: string }[] = await dataSource.query('SELECT name FROM migration ORDER BY id');
    return rows.map(({ name }) => name);
  }

  it('are all in the list, in the order of their times, each with the name that it is recorded under', async () => {
    const files = readdirSync(new URL(`../../src/${directory}/`, import.meta.url));
    const kebab = (name: string) =>
      name
        .replace(/(\d{13})$/, '-$1')
        .replace(/(?<=[a-z0-9])(?=[A-Z])/g, '-')
        .toLowerCase();
    expect(files.sort()).toEqual(names.map((name) => `${kebab(name)}.ts`).sort());
    const times = names.map((name) => Number(/^[A-Z][A-Za-z]+?(\d{13})$/.exec(name)?.[1]));
    expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
    await applyMigrations(dataSource);
    expect(await recorded()).toEqual(names);
  });

  it('each have rows of their shape, for the ones to come: node scripts/write-fixture.mjs makes them', () => {
    expect(fixturesOf(program).sort()).toEqual([...names].sort());
  });

  it('name constraints and indexes by one rule, and give every table a primary key', async () => {
    await applyMigrations(dataSource);
    const constraints: { table: string; name: string; type: string; columns: string[] }[] =
      await dataSource.query(
        `SELECT conrelid::regclass::text AS table, conname AS name, contype AS type, ARRAY(
         SELECT attname::text FROM unnest(conkey) WITH ORDINALITY AS key (number, place)
         JOIN pg_attribute ON attrelid = conrelid AND attnum = key.number ORDER BY place
       ) AS columns
       FROM pg_constraint WHERE connamespace = current_schema()::regnamespace AND contype IN ('p', 'u', 'f', 'c')
         AND conrelid <> 'migration'::regclass`,
      );
    for (const { table, name, type, columns } of constraints) {
      const rules: Record<string, RegExp> = {
        p: new RegExp(`^${table}_pkey$`),
        u: new RegExp(`^${table}_[a-z_]+_key$`),
        f: new RegExp(`^${table}_${columns.join('_')}_fkey$`),
        // By what it is about: no rule says more than `license_one_row`.
        c: new RegExp(`^${table}_(?!.*(key|idx)$)[a-z_]+$`),
      };
      expect(name).toMatch(rules[type] as RegExp);
    }
    const tables: { name: string; keyed: boolean }[] = await dataSource.query(
      `SELECT relname AS name, EXISTS (
         SELECT FROM pg_constraint WHERE conrelid = pg_class.oid AND contype = 'p'
       ) AS keyed
       FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')`,
    );
    expect(tables.length).toBeGreaterThan(1);
    for (const { name, keyed } of tables) {
      expect([name, keyed]).toEqual([name, true]);
      expect(name).toMatch(/^[a-z]+(_[a-z]+)*$/);
    }
    const indexes: { table: string; name: string; only: boolean }[] = await dataSource.query(
      `SELECT indrelid::regclass::text AS table, indexrelid::regclass::text AS name, indisunique AS only FROM pg_index
       JOIN pg_class ON pg_class.oid = indexrelid WHERE relnamespace = current_schema()::regnamespace
         AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)`,
    );
    for (const { table, name, only } of indexes) {
      expect(name).toMatch(new RegExp(`^${table}_[a-z_]+_${only ? 'key' : 'idx'}$`));
    }
  });

  it('make columns of few types: text without a length, times with their zone', async () => {
    await applyMigrations(dataSource);
    const columns: { name: string; type: string }[] = await dataSource.query(
      `SELECT format('%s.%s', relname, attname) AS name, format_type(atttypid, atttypmod) AS type
       FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
       WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
         AND relname <> 'migration'`,
    );
    expect(columns.length).toBeGreaterThan(10);
    for (const { name, type } of columns) expect([name, type]).toEqual([name, expect.stringMatching(TYPES)]);
  });

  it.each(shapesOf(program))(
    'come to the present shape from that of $migration, with its rows',
    async (shape) => {
      await applyMigrations(dataSource);
      const present = await catalogOf(dataSource);
      await dataSource.destroy();
      await database.drop();
      database = await testDatabase('none');
      dataSource = await openAs(shape, database);
      await applyMigrations(dataSource);
      await loadRows(dataSource, shape);
      await dataSource.destroy();
      dataSource = await openAs(whole, database);
      expect(await applyMigrations(dataSource)).toEqual(names.slice(shape.count));
      expect(await catalogOf(dataSource)).toEqual(present);
    },
  );

  it('go back one by one, with rows in the tables, each to exactly the shape before it', async () => {
    const catalogs: string[][] = [];
    for (let count = 0; count <= names.length; count += 1) {
      await dataSource.destroy();
      dataSource = await openAs({ program, count }, database);
      await applyMigrations(dataSource);
      catalogs.push(await catalogOf(dataSource));
    }
    expect(catalogs[0]).toEqual([]);
    const newest = shapesOf(program).at(-1);
    if (newest !== undefined) await loadRows(dataSource, newest);
    for (let count = names.length - 1; count >= 0; count -= 1) {
      await dataSource.undoLastMigration();
      expect(await catalogOf(dataSource)).toEqual(catalogs[count]);
      expect(await recorded()).toEqual(names.slice(0, count));
    }
    expect(await applyMigrations(dataSource)).toEqual(names);
    expect(await catalogOf(dataSource)).toEqual(catalogs.at(-1));
  }, 120_000);

  it('set numberings past their rows, which a replication or restore left behind; a check says which and how', async () => {
    await applyMigrations(dataSource);
    // What comes from elsewhere: rows, and a numbering that knows nothing of them.
    await dataSource.query(`UPDATE migration SET id = id + 100`);
    const columns: { table: string; column: string }[] = await dataSource.query(
      `SELECT relname AS table, attname AS column FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
       WHERE relnamespace = current_schema()::regnamespace AND attidentity <> '' ORDER BY 1`,
    );
    const newest = shapesOf(program).at(-1);
    if (newest !== undefined) await loadRows(dataSource, newest);
    for (const { table, column } of columns) {
      await dataSource.query(`ALTER TABLE ${table} ALTER COLUMN ${column} RESTART`);
    }
    const error = await checkMigrations(dataSource).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StaleIdentityError);
    const behind = [...columns, { table: 'migration', column: 'id' }]
      .map(({ table, column }) => `${table}.${column}`)
      .sort();
    for (const place of behind)
      expect((error as Error).message).toContain(`${place}: the next number would be `);
    expect((error as Error).message).toMatch(/ Run this program once with --migrate/);

    await withMore(Next2000000000000);
    const applied = await applyMigrations(dataSource);
    const said = applied.map(describeApplied);
    expect(said.slice(0, -1).sort()).toEqual(
      behind.map((place) => `Set the next number of ${place} past its rows.`),
    );
    expect(said.at(-1)).toBe('Applied Next2000000000000.');
    for (const { table, column } of columns) {
      const [row] = await dataSource.query(
        `SELECT nextval(pg_get_serial_sequence('${table}', '${column}')) > max(${column}) AS free FROM ${table}`,
      );
      expect([table, row.free]).toEqual([table, true]);
    }
    expect(await applyMigrations(dataSource)).toEqual([]);
    await checkMigrations(dataSource);
  });

  it('leave nothing behind when one fails halfway, not even those before it, and say which', async () => {
    await withMore(Next2000000000000, Broken2000000000001);
    const error = await applyMigrations(dataSource).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MigrationFailedError);
    expect((error as Error).message).toMatch(
      /^The migration Broken2000000000001 failed, and nothing was changed: .*there_is_none/,
    );
    expect(await catalogOf(dataSource)).toEqual([]);
    expect((await migrationState(dataSource)).pending).toHaveLength(names.length + 2);

    await withMore(Next2000000000000);
    expect(await applyMigrations(dataSource)).toEqual([...names, 'Next2000000000000']);
  });

  it('of a newer release do not keep this one from running: during an upgrade both are there', async () => {
    const next = program.name === 'issuer' ? AuthorityNext2000000000000 : Next2000000000000;
    await withMore(next);
    await applyMigrations(dataSource);
    await dataSource.destroy();
    dataSource = await openAs(whole, database);
    expect(await migrationState(dataSource)).toEqual({ pending: [], unknown: [next.name] });
    await checkMigrations(dataSource);
    expect(await applyMigrations(dataSource)).toEqual([]);
    expect((await catalogOf(dataSource)).join()).toContain('next_thing_pkey');
  });

  it('of the other program in a database of both are nothing of a newer release', async () => {
    const other = PROGRAMS.find(({ name }) => name !== program.name) as (typeof PROGRAMS)[number];
    const asOther = { program: other, count: other.schema.migrations.length };
    await applyMigrations(dataSource);
    await share(
      (sql) => dataSource.query(sql),
      async () => {
        await dataSource.destroy();
        const shared = await openAs(asOther, database);
        await applyMigrations(shared);
        await shared.destroy();
        dataSource = await openAs(whole, database);
      },
    );
    for (const shape of [whole, asOther]) {
      await dataSource.destroy();
      dataSource = await openAs(shape, database);
      expect(await migrationState(dataSource)).toEqual({ pending: [], unknown: [] });
      expect(await applyMigrations(dataSource)).toEqual([]);
      await checkMigrations(dataSource);
    }
  });

  it('do not run over a table of the same name that has another owner', async () => {
    await dataSource.query('CREATE TABLE migration (version integer)');
    for (const start of [checkMigrations, applyMigrations]) {
      await expect(start(dataSource)).rejects.toThrow(MigrationTableError);
      await expect(start(dataSource)).rejects.toThrow('give this program a database of its own');
    }
    expect(await dataSource.query('SELECT * FROM migration')).toEqual([]);
  });
});
