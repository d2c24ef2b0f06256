import { DataSource, type MigrationInterface, type QueryRunner } from 'typeorm';
import pg from 'pg';
import { ISSUER_SERVER_SCHEMA } from '../../src/issuer-server/issuer-server-schema.js';
import { dataSourceOptions, type Schema } from '../../src/database/data-source-options.js';
import { locateTables, UnusableDatabaseError } from '../../src/database/database-inspection.js';
import { migrateDatabase } from '../../src/database/migrate-database.js';
import { applyMigrations } from '../../src/database/migrate.js';
import { SERVICE_SCHEMA } from '../../src/schema/service-schema.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { ServiceProcess } from '../support/service-process.js';

const NAMES = SERVICE_SCHEMA.migrations.map(({ name }) => name);
const REPLICAS = 5;

/** Takes longer than any other statement may. */
class Slow2000000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('SELECT pg_sleep(4.5)');
    await runner.query("CREATE TABLE slow_thing AS SELECT current_setting('lock_timeout') AS lock_timeout");
  }

  async down(): Promise<void> {}
}

class Altering2000000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE license ADD COLUMN more text');
  }

  async down(): Promise<void> {}
}

describe('Migrations on a PostgreSQL that others use', () => {
  let database: TestDatabase;
  let client: pg.Client;

  beforeEach(async () => {
    database = await testDatabase('none');
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
  });

  afterEach(async () => {
    await client.end();
    await database.drop();
  });

  const recorded = async () =>
    (await client.query<{ name: string }>('SELECT name FROM migration ORDER BY id')).rows.map(
      ({ name }) => name,
    );

  async function withMore(...more: (new () => MigrationInterface)[]): Promise<DataSource> {
    const schema: Schema = { ...SERVICE_SCHEMA, migrations: [...SERVICE_SCHEMA.migrations, ...more] };
    return new DataSource(dataSourceOptions(database.location, schema)).initialize();
  }

  it.each([2, REPLICAS])(
    'run once, when %d replicas start at once on an empty database',
    async (count) => {
      const replicas = Array.from({ length: count }, () =>
        ServiceProcess.spawn({ DATABASE_URL: database.url }),
      );
      try {
        for (const replica of replicas) {
          await replica.said('"msg":"listening"');
          while ((await fetch(`${replica.url}/readyz`)).status !== 200) await pause(100);
        }
        const applied = replicas.filter((replica) => replica.output.includes('migrations applied'));
        expect(applied).toHaveLength(1);
        expect(await recorded()).toEqual(NAMES);
      } finally {
        for (const replica of replicas) await replica.kill('SIGTERM');
      }
    },
    120_000,
  );

  it('of a newer release are warned of in the log of the one before, which works on', async () => {
    const before = await withMore();
    await applyMigrations(before);
    await before.destroy();
    await client.query("INSERT INTO migration (timestamp, name) VALUES (2000000000000, 'Next2000000000000')");
    for (const DATABASE_MIGRATIONS of ['run', 'check']) {
      const service = await ServiceProcess.start({ DATABASE_URL: database.url, DATABASE_MIGRATIONS });
      try {
        const [warning] = service.output.split('\n').filter((line) => line.includes('does not know'));
        expect(JSON.parse(warning ?? '{}')).toMatchObject({ level: 40, migrations: ['Next2000000000000'] });
        expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
      } finally {
        await service.kill('SIGTERM');
      }
    }
  }, 60_000);

  it('do not run where those of the issuer came first, in the moment after the look', async () => {
    const service = await withMore();
    try {
      expect(await locateTables(service)).toMatchObject({ name: 'public' });
      const names = ISSUER_SERVER_SCHEMA.migrations.map(({ name }) => name);
      expect(await migrateDatabase(database.location, ISSUER_SERVER_SCHEMA)).toEqual(names);
      await expect(applyMigrations(service)).rejects.toThrow(UnusableDatabaseError);
      expect(await recorded()).toEqual(names);
    } finally {
      await service.destroy();
    }
  });

  it('may take longer than any other statement', async () => {
    const dataSource = await withMore(Slow2000000000000);
    try {
      expect(await applyMigrations(dataSource)).toEqual([...NAMES, 'Slow2000000000000']);
      // It must not stand in everybody's way where it waits for a table.
      expect((await client.query('SELECT * FROM slow_thing')).rows).toEqual([{ lock_timeout: '3s' }]);
      // The connections of everybody else are as impatient as they were.
      await expect(dataSource.query('SELECT pg_sleep(6)')).rejects.toThrow('Query read timeout');
    } finally {
      await dataSource.destroy();
    }
  });

  it('are waited for by a service that listens and says that it is not ready', async () => {
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock(4771203915)');
    const replica = await ServiceProcess.start({ DATABASE_URL: database.url });
    try {
      expect((await fetch(`${replica.url}/healthz`)).status).toBe(200);
      expect((await fetch(`${replica.url}/readyz`)).status).toBe(503);
      await client.query('COMMIT');
      while ((await fetch(`${replica.url}/readyz`)).status !== 200) await pause(100);
      expect(await recorded()).toEqual(NAMES);
    } finally {
      await replica.kill('SIGTERM');
    }
  }, 60_000);

  it('give up soon where a table is in use, so that nobody waits behind them', async () => {
    const before = await withMore();
    await applyMigrations(before);
    await before.destroy();
    const dataSource = await withMore(Altering2000000000001);
    try {
      await client.query('BEGIN');
      await client.query('SELECT * FROM license');
      await expect(applyMigrations(dataSource)).rejects.toThrow(/Altering2000000000001 failed.*lock timeout/);
      await client.query('COMMIT');
      expect(await applyMigrations(dataSource)).toEqual(['Altering2000000000001']);
    } finally {
      await dataSource.destroy();
    }
  });
});

async function pause(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}
