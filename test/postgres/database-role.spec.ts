import { randomUUID } from 'node:crypto';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { share } from '../schema/shape.js';
import { POSTGRES_URL } from '../support/database.js';
import { FakeIssuer } from '../support/fake-issuer/fake-issuer.js';
import { ServiceProcess } from '../support/service-process.js';

/** The statements of docs/database.md, as an operator copies them. */
const DOCUMENTED = /```sql\n([^]*?)```/.exec(
  readFileSync(new URL('../../docs/database.md', import.meta.url), 'utf8'),
)?.[1] as string;

const program = (path: string) => fileURLToPath(new URL(`../../dist/${path}`, import.meta.url));
const READER = 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE';

describe('A role without the right to change tables, made as docs/database.md says', () => {
  const id = randomUUID().replaceAll('-', '').slice(0, 12);
  const [owner, role, database] = [
    `licentia_owner_${id}`,
    `licentia_service_${id}`,
    `licentia_test_role_${id}`,
  ];
  const address = (user: string, path = database) => {
    const url = new URL(POSTGRES_URL as string);
    Object.assign(url, { username: user, password: 'change-me', pathname: `/${path}` });
    return url.href;
  };
  let issuer: FakeIssuer;

  async function on(url: string, ...statements: string[]): Promise<pg.QueryResult> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      let result: pg.QueryResult | undefined;
      for (const statement of statements) result = await client.query(statement);
      return result as pg.QueryResult;
    } finally {
      await client.end();
    }
  }

  async function run(path: string, args: string[], user: string, more: Record<string, string> = {}) {
    return new Promise<{ code: number; output: string }>((resolve) => {
      const env = {
        PATH: process.env.PATH,
        DATABASE_URL: address(user),
        PORT: '0',
        LOG_LEVEL: 'silent',
        ...more,
      };
      execFile(process.execPath, [program(path), ...args], { env }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : (error.code as number), output: `${stdout}${stderr}` }),
      );
    });
  }

  beforeAll(async () => {
    issuer = await FakeIssuer.start();
    await on(POSTGRES_URL as string, `CREATE ROLE ${owner} LOGIN CREATEROLE PASSWORD 'change-me'`);
    await on(POSTGRES_URL as string, `CREATE DATABASE ${database} OWNER ${owner}`);
    // Older servers give the schema to whoever made the server.
    const url = new URL(POSTGRES_URL as string);
    url.pathname = `/${database}`;
    await on(url.href, `ALTER SCHEMA public OWNER TO ${owner}`);
    const migrate = async (path: string) =>
      expect(await run(path, ['--migrate'], owner)).toMatchObject({ code: 0 });
    await migrate('main.js');
    await share(
      (sql) => on(address(owner), sql),
      () => migrate('issuer-server/main.js'),
    );
    const statements = DOCUMENTED.replaceAll('licentia_service', role).replaceAll(
      'DATABASE licentia',
      `DATABASE ${database}`,
    );
    await on(address(owner), statements);
  }, 60_000);

  afterAll(async () => {
    await issuer.stop();
    await on(POSTGRES_URL as string, `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
    for (const name of [role, owner]) await on(POSTGRES_URL as string, `DROP ROLE IF EXISTS ${name}`);
  });

  it.each([
    'CREATE TABLE more (id integer)',
    'ALTER TABLE license ADD COLUMN more text',
    'DROP TABLE audit_event',
    'TRUNCATE license',
    'DELETE FROM migration',
    'CREATE FUNCTION more() RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$',
  ])('may not %s', async (statement) => {
    await expect(on(address(role), statement)).rejects.toThrow(/permission denied|must be owner/);
  });

  it.each(['check', 'run'])(
    'is all that the service needs, with DATABASE_MIGRATIONS=%s',
    async (DATABASE_MIGRATIONS) => {
      const service = await ServiceProcess.start({
        DATABASE_URL: address(role),
        DATABASE_MIGRATIONS,
        ISSUER_URL: issuer.url,
      });
      try {
        const json = async (method: string, path: string, body?: unknown) => {
          const { status, text } = await service.call(method, path, body);

          return { status, body: JSON.parse(text) };
        };
        const token = issuer.token({
          jti: `as ${DATABASE_MIGRATIONS}`,
          iat: Math.floor(Date.now() / 1000) - 60,
        });
        expect((await json('POST', '/api/licensing/token', { token })).status).toBe(200);
        expect((await json('POST', '/api/licensing/token/renew', {})).status).toBe(200);
        expect((await json('GET', '/api/licensing/check')).body).toBe(true);
        const account = await json('POST', '/api/serviceaccounts', {
          name: `account ${DATABASE_MIGRATIONS}`,
        });
        expect(account.status).toBe(201);
        const path = `/api/serviceaccounts/${account.body.id}`;
        const roles = `/api/access-control/users/${account.body.id}/roles`;
        expect((await json('POST', roles, { roleUid: READER })).status).toBe(200);
        const created = await json('POST', `${path}/tokens`, { name: 'token' });
        expect(created.status).toBe(200);
        expect((await json('PATCH', `${path}/tokens/${created.body.id}`, { isRevoked: true })).status).toBe(
          200,
        );
        expect((await json('DELETE', `${path}/tokens/${created.body.id}`)).status).toBe(200);
        expect((await json('PATCH', path, { isDisabled: true })).status).toBe(200);
        expect((await json('DELETE', `${roles}/${READER}`)).status).toBe(200);
        expect(
          (await json('DELETE', '/api/licensing/token', { instance: 'http://localhost:3000/' })).status,
        ).toBe(202);
        expect(service.output).not.toMatch(/permission denied|"level":[56]0/);
      } finally {
        expect(await service.kill('SIGTERM')).toBe(0);
      }
    },
  );

  it('is all that the issuer needs', async () => {
    const check = { DATABASE_MIGRATIONS: 'check' };
    const issuer = async (...args: string[]) => run('cli/main.js', ['issuer', ...args], role, check);
    const issued = await issuer('issue', '--sub', 'http://localhost:3000/', '--lid', 'one');
    expect(issued).toMatchObject({ code: 0, output: expect.stringContaining('Issued: license one') });
    expect(await issuer('suspend', 'one')).toMatchObject({ code: 0 });
    expect((await issuer('list')).output).toContain('suspended');
  });

  it('reads and writes tables that a later migration makes', async () => {
    await on(address(owner), 'CREATE TABLE later_thing (id bigint GENERATED ALWAYS AS IDENTITY, name text)');
    await on(
      address(role),
      "INSERT INTO later_thing (name) VALUES ('x')",
      'UPDATE later_thing SET name = name',
    );
    await on(address(owner), 'DROP TABLE later_thing');
  });

  it.each([
    ['check', /^The database lacks \d+ migration\(s\): [\w, ]+\. Run this program once with --migrate/],
    [
      'run',
      /^The migration \w+ failed, and nothing was changed: .* Run this program once with --migrate, as a role/,
    ],
  ])(
    'is refused with a sentence while a migration is missing, with %s',
    async (DATABASE_MIGRATIONS, sentence) => {
      await on(
        address(owner),
        'ALTER TABLE migration RENAME TO migration_kept',
        'CREATE TABLE migration (LIKE migration_kept INCLUDING ALL)',
      );
      await on(
        address(owner),
        `INSERT INTO migration SELECT * FROM migration_kept WHERE id < 0`,
        `GRANT SELECT ON migration TO ${role}`,
      );
      try {
        for (const path of ['main.js', 'issuer-server/main.js']) {
          const refused = await run(path, [], role, { DATABASE_MIGRATIONS });
          expect(refused).toEqual({ code: 1, output: expect.stringMatching(sentence) });
          expect(refused.output).not.toContain('    at ');
        }
      } finally {
        await on(address(owner), 'DROP TABLE migration', 'ALTER TABLE migration_kept RENAME TO migration');
      }
    },
  );

  it('is told what it lacks where it may not even read the list of migrations', async () => {
    await on(address(owner), `REVOKE SELECT ON migration FROM ${role}`);
    try {
      const refused = await run('main.js', [], role);
      expect(refused).toEqual({
        code: 1,
        output: expect.stringMatching(
          /^The list of migrations may not be read: permission denied.*docs\/database\.md/,
        ),
      });
    } finally {
      await on(address(owner), `GRANT SELECT ON migration TO ${role}`);
    }
  });
});
