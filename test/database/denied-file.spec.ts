import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { Database } from '../../src/database/database.js';
import { SERVICE_SCHEMA } from '../../src/schema/service-schema.js';
import { embeddedDatabase, type TestDatabase } from '../support/database.js';

describe('A file that the embedded database may not open while it runs', () => {
  let directory: TestDatabase;
  let database: Database;

  beforeAll(async () => {
    directory = await embeddedDatabase();
    database = new Database(new DataSource(dataSourceOptions(directory.location, SERVICE_SCHEMA)), 'run');
    await database.start();
  });

  afterAll(async () => {
    await database.onApplicationShutdown();
    await directory.drop();
  });

  /** What Postgres says of a file with another owner; root, as whom tests may run, is denied none. */
  const denied = (purpose: 'read' | 'transaction') =>
    database[purpose]((manager) =>
      manager.query(
        `DO $$ BEGIN RAISE insufficient_privilege
           USING MESSAGE = 'could not open file "base/5/16428": Permission denied'; END $$`,
      ),
    );

  it.each(['read', 'transaction'] as const)(
    'is an unusable directory to a %s, and no fault of ours',
    async (purpose) => {
      await expect(denied(purpose)).rejects.toMatchObject({
        code: 'database.unavailable',
        cause: {
          message: expect.stringMatching(
            /^The directory of the embedded database cannot be used: could not open file "base\/5\/16428": Permission denied\. Let the user of this process /,
          ) as string,
        },
      });
      expect(database.fault).toBe('directory-unusable');
    },
  );

  it('is forgotten with the next statement that works', async () => {
    await expect(denied('transaction')).rejects.toThrow();
    await database.transaction((manager) => manager.query('SELECT 1'));
    expect(database.fault).toBeUndefined();
  });
});
