import { DataSource } from 'typeorm';
import { AUTHORITY_SCHEMA } from '../../src/authority/authority-schema.js';
import { dataSourceOptions, type Schema } from '../../src/database/data-source-options.js';
import { applyMigrations, checkMigrations, PendingMigrationsError } from '../../src/database/migrate.js';
import { SERVICE_SCHEMA } from '../../src/database/service-schema.js';
import { type TestDatabase, testDatabase } from '../support/database.js';

describe.each<[string, Schema]>([
  ['service', SERVICE_SCHEMA],
  ['issuer', AUTHORITY_SCHEMA],
])('the schema of the %s', (_, schema) => {
  let database: TestDatabase;
  let dataSource: DataSource;

  beforeAll(async () => {
    database = await testDatabase();
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

  it('names every constraint, and gives every table a primary key', async () => {
    const constraints: { table: string; name: string; type: string }[] = await dataSource.query(
      `SELECT conrelid::regclass::text AS table, conname AS name, contype AS type FROM pg_constraint
       WHERE connamespace = current_schema()::regnamespace AND contype IN ('p', 'u', 'f', 'c')
         AND conrelid::regclass::text <> 'migration'`,
    );
    for (const { table, name } of constraints) expect(name.startsWith(`${table}_`)).toBe(true);
    const keyed = constraints.filter(({ type }) => type === 'p').map(({ table }) => table);
    expect(keyed.sort()).toEqual((await tables(dataSource)).filter((table) => table !== 'migration'));
  });

  it('goes back to nothing, step by step', async () => {
    for (let left = schema.migrations.length; left > 0; left -= 1) await dataSource.undoLastMigration();
    expect(await tables(dataSource)).toEqual(['migration']);
  });
});

async function tables(dataSource: DataSource): Promise<string[]> {
  const rows: { name: string }[] = await dataSource.query(
    'SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename',
  );
  return rows.map(({ name }) => name);
}
