import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { LocalAdministration } from '../../src/issuer-server/administration/local-administration.js';
import { operate } from '../issuer-server/test-issuer-server.js';
import { migrateDatabase } from '../../src/database/migrate-database.js';
import { SERVICE_SCHEMA } from '../../src/schema/service-schema.js';
import { type Tables, type TestDatabase, testDatabase } from '../support/database.js';
import { itWithOwnSessions } from '../support/own-sessions.js';
import { ServiceProcess } from '../support/service-process.js';

const ISSUER_ID = 'https://issuer.example.com';
const OTHER_ISSUER_ID = 'https://other.example.com';

describe('A DATABASE_URL_FILE that names another database while the program runs', () => {
  let directory: string;
  let file: string;
  let databases: TestDatabase[];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'licentia-moved-'));
    file = join(directory, 'database_url');
    databases = [];
  });

  afterEach(async () => {
    for (const database of databases) await database.drop();
    await rm(directory, { recursive: true });
  });

  async function open(tables: Tables): Promise<TestDatabase> {
    const database = await testDatabase(tables);
    databases.push(database);
    return database;
  }

  async function issuers(issuerId: string): Promise<TestDatabase> {
    const database = await open('issuer');
    const issue = async (operator: LocalAdministration) => operator.issue({ sub: 'http://localhost:3000' });
    await operate(database, issue, { issuerId, claims: true });
    return database;
  }

  async function name({ url }: { url: string }): Promise<void> {
    await writeFile(`${file}.new`, url);
    await rename(`${file}.new`, file);
  }

  /** Names a database, and waits for the warning. @returns why it is refused */
  async function refusal(program: ServiceProcess, database: { url: string }): Promise<string> {
    const before = warnings(program).length;
    await name(database);
    while (warnings(program).length === before) {
      if (program.output.includes('new connections use what it says')) throw new Error('it was used');
      await pause(50);
    }
    // Longer than the first two waits: the retries do not warn again.
    await pause(3_500);
    const found = warnings(program).slice(before);
    expect(found).toHaveLength(1);
    return found[0] ?? '';
  }

  const warnings = (program: ServiceProcess): string[] =>
    program.output
      .split('\n')
      .filter((line) => line.includes('cannot use the database that the new content names'))
      .map((line) => (JSON.parse(line) as { reason: string }).reason);

  async function rows({ url }: TestDatabase, query: string): Promise<unknown[]> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(query)).rows;
    } finally {
      await client.end();
    }
  }

  it('moves the service to the database of a service alone', async () => {
    const own = await open('none');
    const restored = await open('service');
    await name(own);
    const service = await ServiceProcess.start({ DATABASE_URL_FILE: file });
    try {
      const write = async (login: string) =>
        (await service.call('POST', '/api/serviceaccounts', { name: login, role: 'Viewer' })).status;
      const names = (database: TestDatabase) =>
        rows(database, `SELECT name FROM service_account WHERE name LIKE 'written%' ORDER BY name`);

      expect(await refusal(service, await open('issuer'))).toMatch(
        /^This database is the issuer's .*set DATABASE_URL to the service's database/,
      );
      expect(await write('written 1')).toBe(201);
      expect(await refusal(service, await open('none'))).toMatch(/^The database lacks \d+ migration/);
      expect(await write('written 2')).toBe(201);
      expect(await names(own)).toEqual([{ name: 'written 1' }, { name: 'written 2' }]);

      await name(restored);
      await service.said('new connections use what it says');
      while ((await write('written 3')) !== 201) await pause(100);
      expect(await names(restored)).toEqual([{ name: 'written 3' }]);
    } finally {
      await service.kill('SIGTERM');
    }
  }, 60_000);

  itWithOwnSessions(
    'does not move the service to tables in another schema than the one in use',
    async () => {
      const own = await open('none');
      const other = await open('none');
      await rows(other, 'CREATE SCHEMA elsewhere');
      const inSchema = new URL(other.url);
      inSchema.searchParams.set('options', '-c search_path=elsewhere');
      await migrateDatabase({ kind: 'postgres', url: inSchema.href }, SERVICE_SCHEMA);
      await name(own);
      const service = await ServiceProcess.start({ DATABASE_URL_FILE: file });
      try {
        expect(await refusal(service, { url: inSchema.href })).toMatch(
          'in the schema "elsewhere" there, and in "public"',
        );
      } finally {
        await service.kill('SIGTERM');
      }
    },
    60_000,
  );

  it('moves the issuer to a database of its ISSUER_ID alone', async () => {
    const own = await issuers(ISSUER_ID);
    const restored = await issuers(ISSUER_ID);
    await name(own);
    const issuer = ServiceProcess.spawnIssuer({ DATABASE_URL_FILE: file, ISSUER_ID });
    try {
      await issuer.said('listening');
      const keys = async () => (await fetch(`${issuer.url}/.well-known/jwks.json`)).json();
      const before = await keys();
      expect(await refusal(issuer, await issuers(OTHER_ISSUER_ID))).toMatch(
        `belongs to the issuer ${OTHER_ISSUER_ID}`,
      );
      expect(await refusal(issuer, await open('issuer'))).toMatch('belongs to no issuer yet');
      expect(await refusal(issuer, await open('service'))).toMatch("This database is the service's");
      expect(await keys()).toEqual(before);

      await name(restored);
      await issuer.said('new connections use what it says');
    } finally {
      await issuer.kill('SIGTERM');
    }
  }, 60_000);
});

const pause = async (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
