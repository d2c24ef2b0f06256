import { DataSource } from 'typeorm';
import { ISSUER_SERVER_SCHEMA } from '../../src/issuer-server/issuer-server-schema.js';
import { dataSourceOptions, type Schema } from '../../src/database/data-source-options.js';
import { applyMigrations, checkMigrations, PendingMigrationsError } from '../../src/database/migrate.js';
import { SERVICE_SCHEMA } from '../../src/schema/service-schema.js';
import { type TestDatabase, testDatabase } from '../support/database.js';

describe.each<[string, Schema]>([
  ['service', SERVICE_SCHEMA],
  ['issuer', ISSUER_SERVER_SCHEMA],
])('the schema of the %s', (_, schema) => {
  let database: TestDatabase;
  let dataSource: DataSource;

  beforeAll(async () => {
    database = await testDatabase('none');
    dataSource = await new DataSource(dataSourceOptions(database.location, schema)).initialize();
  });

  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  it('is refused while migrations are missing, and nothing is changed by looking', async () => {
    await expect(checkMigrations(dataSource)).rejects.toThrow(PendingMigrationsError);
    expect(await tables(dataSource)).toEqual([]);
  });

  it('comes from its migrations exactly as the entities describe it', async () => {
    expect(await applyMigrations(dataSource)).toHaveLength(schema.migrations.length);
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
    await checkMigrations(dataSource);
  });

  it('is not migrated twice', async () => {
    expect(await applyMigrations(dataSource)).toEqual([]);
  });
});

describe('ormconfig.ts', () => {
  it("gives TypeORM's command line the service's database and migrations, and time for them", async () => {
    const database = await testDatabase('none');
    const former = process.env.DATABASE_URL;
    process.env.DATABASE_URL = database.url;
    try {
      const { default: dataSource } = await import('../../ormconfig.js');
      await dataSource.initialize();
      try {
        expect(dataSource.migrations.map(({ constructor }) => constructor.name)).toEqual(
          SERVICE_SCHEMA.migrations.map(({ name }) => name),
        );
        expect(await dataSource.showMigrations()).toBe(true);
        await dataSource.runMigrations();
        expect(await dataSource.showMigrations()).toBe(false);
        if (database.location.kind === 'postgres') {
          expect(dataSource.options).toMatchObject({ extra: { query_timeout: 600_000 } });
        }
      } finally {
        await dataSource.destroy();
      }
    } finally {
      if (former === undefined) delete process.env.DATABASE_URL;
      else process.env.DATABASE_URL = former;
      await database.drop();
    }
  });
});

async function tables(dataSource: DataSource): Promise<string[]> {
  const rows: { name: string }[] = await dataSource.query(
    'SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename',
  );
  return rows.map(({ name }) => name);
}
