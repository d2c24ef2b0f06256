import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { CommandStage } from '../cli/command-stage.js';
import { describeWithOwnSessions } from '../support/own-sessions.js';
import { POSTGRES_URL, postgresDatabase, type TestDatabase } from '../support/database.js';

describeWithOwnSessions('licentia doctor, on PostgreSQL,', () => {
  const role = `licentia_doctor_${randomUUID().replaceAll('-', '').slice(0, 12)}`;
  const password = 'hunter2-hunter2';
  let database: TestDatabase;
  let stage: CommandStage;
  let asRole: string;

  beforeAll(async () => {
    database = await postgresDatabase(POSTGRES_URL as string, 'service');
    await sql(`CREATE ROLE ${role} LOGIN PASSWORD '${password}'`);
    const url = new URL(database.url);
    [url.username, url.password] = [role, password];
    asRole = url.href;
    stage = new CommandStage();
  });

  afterAll(async () => {
    stage.close();
    await database.drop();
    const client = new pg.Client({ connectionString: POSTGRES_URL });
    await client.connect();
    await client.query(`DROP ROLE IF EXISTS ${role}`).finally(() => client.end());
  });

  async function sql(statement: string): Promise<void> {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(statement).finally(() => client.end());
  }

  async function findings(DATABASE_URL: string, more: object = {}): Promise<Record<string, string>[]> {
    stage.environment = { DATABASE_URL, PORT: '2', ...more };
    const { stdout } = await stage.run('doctor --json');
    expect(stdout).not.toContain(password);
    return (JSON.parse(stdout) as { findings: Record<string, string>[] }).findings;
  }

  async function lines(url: string, more: object = {}): Promise<readonly string[]> {
    return (await findings(url, more))
      .filter(({ area }) => area === 'database')
      .map(({ check, verdict, cause }) => `${check} ${verdict} ${cause ?? ''}`.trim());
  }

  const licenseLine = async (url: string) =>
    (await findings(url)).find(({ area }) => area === 'license')?.message;

  it('tells a superuser from a role with the documented rights, and from one without', async () => {
    expect(await lines(database.url)).toEqual(['migrations ok', 'latency ok', 'role warn', 'clock ok']);
    expect((await lines(asRole)).join()).toMatch(/^connection fail/);
    await sql(`GRANT USAGE ON SCHEMA public TO ${role};
      GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`);
    expect(await lines(asRole)).toContain('role fail credentials-refused');
    await sql(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role}`);
    await sql('REVOKE CREATE ON SCHEMA public FROM PUBLIC');
    expect((await findings(asRole)).find(({ check }) => check === 'role')).toMatchObject({
      verdict: 'warn',
      message: expect.stringMatching(
        / may not read where the numbering of these columns is: audit_event\.id, /,
      ),
      next: expect.stringContaining('GRANT SELECT ON ALL SEQUENCES'),
    });
    await sql(`GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO ${role}`);
    expect(await lines(asRole, { DATABASE_MIGRATIONS: 'check' })).toContain('role ok');
    expect(await lines(asRole)).toContain('role warn');
  });

  it('tells a database that is not there, and migrations that have not run, and runs none', async () => {
    await sql("DELETE FROM migration WHERE name LIKE 'UsageDeletion%'");
    expect(await lines(database.url)).toEqual(['migrations warn']);
    expect(await licenseLine(database.url)).toMatch(/does not have the tables of this release/);
    expect(await lines(database.url, { DATABASE_MIGRATIONS: 'check' })).toEqual(['migrations fail']);
    const nowhere = new URL(asRole);
    nowhere.pathname = '/nowhere';
    expect(await lines(nowhere.href)).toEqual(['connection fail no-such-database']);
    expect(await licenseLine(nowhere.href)).toMatch(/the database cannot be used/);
  });
});
