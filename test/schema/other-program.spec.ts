import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { changeIssuerId, withIssuerServer } from '../../src/issuer-server/issuer-server.js';
import { loadIssuerServerConfig } from '../../src/config/issuer-server-config.js';
import { UnusableDatabaseError } from '../../src/database/database-inspection.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { Database } from '../../src/database/database.js';
import { MIGRATION_LOCK } from '../../src/database/migrate.js';
import { migrateDatabase } from '../../src/database/migrate-database.js';
import { exportDatabase, importDatabase } from '../../src/database/transfer.js';
import { POSTGRES_URL, type TestDatabase, testDatabase } from '../support/database.js';
import { catalogOf, openAs, PROGRAMS, type TabledProgram } from './shape.js';

describe.each(PROGRAMS)('a database of the $name', (program) => {
  const own = { program, count: program.schema.migrations.length };
  const other = PROGRAMS.find(({ name }) => name !== program.name) as TabledProgram;
  let directory: string;
  let database: TestDatabase;
  let exported: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'licentia-other-'));
    exported = join(directory, 'exported');
    const others = await testDatabase('none');
    await migrateDatabase(others.location, other.schema);
    await exportDatabase({ location: others.location, schema: other.schema, program: other.name }, exported);
    await others.drop();
    database = await testDatabase('none');
    await migrateDatabase(database.location, program.schema);
  });

  afterAll(async () => {
    await Promise.all([database.drop(), rm(directory, { recursive: true })]);
  });

  async function start(migrations: 'run' | 'check'): Promise<void> {
    const dataSource = new DataSource(dataSourceOptions(database.location, other.schema));
    const opened = new Database(dataSource, migrations);
    try {
      await opened.start();
    } finally {
      await opened.onApplicationShutdown();
      if (dataSource.isInitialized) await dataSource.destroy();
    }
  }

  async function catalog(): Promise<string[]> {
    const dataSource = await openAs(own, database);
    try {
      const names: object[] = await dataSource.query('SELECT name FROM migration ORDER BY id');
      return [...(await catalogOf(dataSource)), JSON.stringify(names)];
    } finally {
      await dataSource.destroy();
    }
  }

  it('is refused to every command of the other program, and stays as it is', async () => {
    const before = await catalog();
    const transferable = () => ({
      location: database.location,
      schema: other.schema,
      program: other.name,
    });
    const issuer = () => loadIssuerServerConfig({ DATABASE_URL: database.url });
    const ways: Record<string, () => Promise<unknown>> = {
      'the start': () => start('run'),
      'the start with DATABASE_MIGRATIONS=check': () => start('check'),
      '--migrate': () => migrateDatabase(database.location, other.schema),
      '--import': () => importDatabase(transferable(), exported),
      '--export': () => exportDatabase(transferable(), join(directory, 'none')),
      ...(other.name === 'issuer' && {
        'issuer list': () => withIssuerServer(issuer(), async ({ administration }) => administration.list()),
        'issuer change-issuer-id': () => changeIssuerId(issuer()),
      }),
    };
    for (const [way, work] of Object.entries(ways)) {
      const error = await work().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect([way, error]).toEqual([way, expect.any(UnusableDatabaseError)]);
      expect((error as Error).message).toBe(
        `This database is the ${program.name}'s (its migrations are in the schema "public") and not the ${other.name}'s: ` +
          `set DATABASE_URL to the ${other.name}'s database, or to a new one of its own (docs/database.md).`,
      );
    }
    expect(await catalog()).toEqual(before);
  });

  // On a server: an embedded database has one process at a time.
  (POSTGRES_URL === undefined ? it.skip : it)(
    'stays its own where the other program imports at the same time',
    async () => {
      const empty = await testDatabase('none');
      const list = await new DataSource(dataSourceOptions(empty.location, program.schema)).initialize();
      const waiting = async () => {
        const [row] = await list.query(
          `SELECT count(*)::int AS waiting FROM pg_locks JOIN pg_stat_activity USING (pid)
           WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()`,
        );
        return (row as { waiting: number }).waiting;
      };
      try {
        // As the roles of the compose file are made: there is a list of migrations, with nothing in it.
        await list.query(
          'CREATE TABLE migration (id serial PRIMARY KEY, timestamp bigint NOT NULL, name character varying NOT NULL)',
        );
        const holder = list.createQueryRunner();
        await holder.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
        const migrated = migrateDatabase(empty.location, program.schema);
        while ((await waiting()) < 1) await sleep(10);
        let isImported = false;
        const into = { location: empty.location, schema: other.schema, program: other.name };
        const refused = importDatabase(into, exported).then(
          () => (isImported = true),
          (error: unknown) => error,
        );
        while (!isImported && (await waiting()) < 2) await sleep(10);
        await holder.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
        await holder.release();
        expect(await migrated).toHaveLength(own.count);
        expect(await refused).toBeInstanceOf(UnusableDatabaseError);
      } finally {
        await list.destroy();
        await empty.drop();
      }
    },
    60_000,
  );
});
