import { DataSource } from 'typeorm';
import { AUTHORITY_SCHEMA } from '../../src/authority/authority-schema.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { applyMigrations } from '../../src/database/migrate.js';
import { type TestDatabase, testDatabase } from '../support/database.js';

describe("the issuer's tables", () => {
  let database: TestDatabase;
  let dataSource: DataSource;

  beforeAll(async () => {
    database = await testDatabase();
    dataSource = await new DataSource(dataSourceOptions(database.location, AUTHORITY_SCHEMA)).initialize();
    await applyMigrations(dataSource);
  });

  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  it('are by the migrations exactly what the entities say', async () => {
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('have a name of their own for every constraint', async () => {
    const names: { name: string }[] = await dataSource.query(
      `SELECT conname AS name FROM pg_constraint
       WHERE conrelid::regclass::text IN ('signing_key', 'issued_license', 'renewal') AND contype <> 'n' ORDER BY 1`,
    );
    expect(names.map(({ name }) => name)).toEqual([
      'issued_license_pkey',
      'issued_license_revoked',
      'issued_license_status',
      'issued_license_token_seconds',
      'renewal_lid_fkey',
      'renewal_pkey',
      'signing_key_pkey',
    ]);
  });

  it('are gone when the migration is taken back', async () => {
    await dataSource.undoLastMigration();
    const [{ count }] = await dataSource.query(
      `SELECT count(*)::int FROM information_schema.tables WHERE table_schema = 'public' AND table_name <> 'migration'`,
    );
    expect(count).toBe(0);
  });
});
