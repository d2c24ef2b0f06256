import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { PostgresServer } from '../support/postgres-server.js';
import { ServiceProcess } from '../support/service-process.js';

const ROLES = fileURLToPath(new URL('../../deploy/postgres/roles.sh', import.meta.url));
const PROGRAM = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const MAX_TEST_MS = 120_000;

/** Its own server: the roles have fixed names, and a server's roles belong to all of its databases. */
describe('The roles that deploy/postgres/roles.sh makes for the compose file', () => {
  let server: PostgresServer;
  let secrets: string;

  beforeAll(async () => {
    server = await PostgresServer.start();
    secrets = mkdtempSync(join(tmpdir(), 'licentia-roles-'));
    for (const name of ['owner', 'service']) writeFileSync(join(secrets, name), `it's the ${name}`);
  }, MAX_TEST_MS);

  afterAll(async () => {
    await server.stop();
    rmSync(secrets, { recursive: true, force: true });
  });

  /** As PostgreSQL's image runs it. */
  function makeRoles(database: string, superuser = 'postgres'): void {
    execFileSync('sh', [ROLES], {
      stdio: 'pipe',
      env: {
        PATH: `${process.env.TEST_POSTGRES_BIN}:${process.env.PATH}`,
        PGHOST: '127.0.0.1',
        PGPORT: String(server.port),
        POSTGRES_DB: database,
        ...(superuser === 'postgres' ? {} : { POSTGRES_USER: superuser }),
        OWNER_PASSWORD_FILE: join(secrets, 'owner'),
        SERVICE_PASSWORD_FILE: join(secrets, 'service'),
      },
    });
  }

  const address = (user: string, database: string) =>
    `postgres://${user}@127.0.0.1:${server.port}/${database}`;

  async function as(user: string, database: string, sql: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: address(user, database) });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  /** The code of PostgreSQL's refusal. */
  const refusal = async (user: string, database: string, sql: string) =>
    as(user, database, sql).then(
      () => 'allowed',
      (error: { code?: string }) => error.code,
    );

  async function migrate(user: string, database: string): Promise<number> {
    const env = { PATH: process.env.PATH, DATABASE_URL: address(user, database), LOG_LEVEL: 'silent' };
    return new Promise((resolve) => {
      execFile(process.execPath, [PROGRAM, '--migrate'], { env }, (error) =>
        resolve(error === null ? 0 : (error.code as number)),
      );
    });
  }

  async function works(database: string): Promise<void> {
    const service = await ServiceProcess.start({
      DATABASE_URL: address('licentia_service', database),
      DATABASE_MIGRATIONS: 'check',
    });
    expect((await service.call('POST', '/api/serviceaccounts', { name: database })).status).toBe(201);
    await service.kill('SIGTERM');
  }

  it(
    'let one change tables and the other work with their rows, neither of them a superuser',
    async () => {
      await server.query('CREATE DATABASE fresh');
      makeRoles('fresh');
      expect(await migrate('licentia_owner', 'fresh')).toBe(0);
      await works('fresh');
      const rights = await server.query(
        `SELECT rolname AS name, rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls AS mighty,
                (SELECT count(*)::int FROM pg_shdepend WHERE refobjid = pg_roles.oid AND deptype = 'o') > 0 AS owns
           FROM pg_roles WHERE rolname LIKE 'licentia%' ORDER BY 1`,
      );
      expect(rights).toEqual([
        { name: 'licentia_owner', mighty: false, owns: true },
        { name: 'licentia_service', mighty: false, owns: false },
      ]);
      for (const sql of [
        'CREATE TABLE mine (id int)',
        'CREATE SCHEMA mine',
        'CREATE TEMPORARY TABLE mine (id int)',
        'ALTER TABLE license ADD COLUMN mine int',
        'DROP TABLE license',
        'TRUNCATE license',
        "INSERT INTO migration (timestamp, name) VALUES (1, 'Mine')",
        'DELETE FROM migration',
        "SELECT pg_read_file('/etc/passwd')",
      ]) {
        expect([sql, await refusal('licentia_service', 'fresh', sql)]).toEqual([sql, '42501']);
      }
      await server.query('CREATE ROLE stranger LOGIN');
      expect(await refusal('stranger', 'fresh', 'SELECT 1')).toBe('42501');
    },
    MAX_TEST_MS,
  );

  it(
    'are refused, or told, where a replication left the numbering behind its rows',
    async () => {
      await server.query('CREATE DATABASE replicated');
      makeRoles('replicated');
      expect(await migrate('licentia_owner', 'replicated')).toBe(0);
      await works('replicated');
      await as('licentia_owner', 'replicated', "SELECT setval('audit_event_id_seq', 1, false)");
      const [DATABASE_URL, DATABASE_MIGRATIONS] = [address('licentia_service', 'replicated'), 'check'];
      await expect(ServiceProcess.start({ DATABASE_URL, DATABASE_MIGRATIONS })).rejects.toThrow(
        /audit_event\.id: the next number would be 1, but the rows go up to \d+\. Run this program once with --migrate/,
      );

      // A role from before has no right to see that: it starts, as it did.
      await as(
        'licentia_owner',
        'replicated',
        'REVOKE SELECT ON ALL SEQUENCES IN SCHEMA public FROM licentia_service',
      );
      const service = await ServiceProcess.start({ DATABASE_URL, DATABASE_MIGRATIONS });
      expect(service.output).toMatch(/may not read the sequences of these columns.*"audit_event\.id"/);
      const refused = await service.call('POST', '/api/serviceaccounts', { name: 'second' });
      expect([refused.status, refused.text]).toEqual([503, expect.stringContaining('numbering')]);
      await service.said('Run this program once with --migrate');
      expect((await service.call('GET', '/readyz')).status).toBe(200);
      expect(await migrate('licentia_owner', 'replicated')).toBe(0);
      expect((await service.call('POST', '/api/serviceaccounts', { name: 'second' })).status).toBe(201);
      await service.kill('SIGTERM');
    },
    MAX_TEST_MS,
  );

  it(
    'take over the tables of a database whose superuser was the service, and can be made again',
    async () => {
      await server.query('CREATE ROLE licentia LOGIN SUPERUSER');
      await server.query('CREATE DATABASE former OWNER licentia');
      expect(await migrate('licentia', 'former')).toBe(0);
      makeRoles('former', 'licentia');
      makeRoles('former', 'licentia');
      expect(await migrate('licentia_owner', 'former')).toBe(0);
      await works('former');
      const owners = await as(
        'licentia',
        'former',
        "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'",
      );
      expect(owners).toEqual([{ tableowner: 'licentia_owner' }]);
    },
    MAX_TEST_MS,
  );
});
