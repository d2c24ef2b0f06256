import pg from 'pg';
import { PostgresServer } from '../support/postgres-server.js';
import { eventually, pause, Stage } from './stage.js';

const TERMINATE = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'licentia'`;

describe('a PostgreSQL server that others use too', () => {
  let server: PostgresServer;
  let stage: Stage;
  let other: pg.Client;

  beforeAll(async () => {
    server = await PostgresServer.start();
    await server.query('CREATE ROLE licentia LOGIN');
    stage = await Stage.set(server, { user: 'licentia' });
    other = new pg.Client({ connectionString: server.url.replace(/postgres$/, 'licentia') });
    await other.connect();
  }, 120_000);

  afterAll(async () => {
    await other?.end();
    await (stage?.strike() ?? Promise.resolve()).finally(() => server.stop());
  }, 60_000);

  it('may have no connection left for the role of the service', async () => {
    const { refused } = await stage.during(async () => {
      await server.query('ALTER ROLE licentia CONNECTION LIMIT 0');
      await server.query(TERMINATE);
      await pause(2_000);
      expect((await stage.install()).status).toBe(503);
      await server.query('ALTER ROLE licentia CONNECTION LIMIT -1');
    });
    expect(refused).toBeGreaterThan(0);
  }, 120_000);

  it('may have no connection left', async () => {
    const crowd: pg.Client[] = [];
    const { refused } = await stage.during(async () => {
      await server.query('ALTER ROLE licentia CONNECTION LIMIT 0');
      await server.query(TERMINATE);
      await server.query('CREATE ROLE crowd LOGIN');
      for (let full = false; !full;) {
        const client = new pg.Client({
          host: '127.0.0.1',
          port: server.port,
          user: 'crowd',
          database: 'postgres',
        });
        client.on('error', () => undefined);
        full = await client.connect().then(
          () => false,
          (error: { code?: string }) => error.code === '53300',
        );
        if (!full) crowd.push(client);
      }
      await server.query('ALTER ROLE licentia CONNECTION LIMIT -1');
      await pause(1_000);
      expect((await stage.install()).status).toBe(503);
      await Promise.all(crowd.map((client) => client.end()));
    });
    expect(refused).toBeGreaterThan(0);
  }, 120_000);

  it.each(['license', 'snapshot_version', 'service_account'])(
    'may have the rows of %s locked by somebody slow: what is in memory is answered, and writes are refused in time',
    async (table) => {
      const { refused } = await stage.during(async () => {
        await other.query('BEGIN');
        await other.query(`LOCK TABLE ${table} IN SHARE ROW EXCLUSIVE MODE`);
        const flood = Array.from({ length: 30 }, () =>
          table === 'license' ? stage.install() : stage.create(),
        );
        const answers = await Promise.all(flood);
        expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([503]));
        expect((await stage.call('GET', '/api/health')).body.database).toBe('ok');
        await other.query('ROLLBACK');
      });
      expect(refused).toBeGreaterThan(0);
    },
    120_000,
  );

  it('may choose a change of the service as the victim of a deadlock: it is done again, and succeeds', async () => {
    // Only the service looks for deadlocks, so it is the one that finds itself in one.
    await server.query(`ALTER ROLE licentia SET deadlock_timeout = '1500ms'`).catch(() => undefined);
    await server.configure('deadlock_timeout', '1500ms');
    await other.query(`SET deadlock_timeout = '60s'`);
    await server.query(TERMINATE);
    await stage.back();
    const deadlocks = async () => {
      const [row] = await stage.query<{ deadlocks: string }>(
        'SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()',
      );
      return Number(row?.deadlocks);
    };
    const before = await deadlocks();

    await other.query('BEGIN');
    await other.query('SELECT 1 FROM license FOR UPDATE');
    const installing = stage.install();
    await eventually(async () => {
      const waiting = await stage.query(
        `SELECT 1 FROM pg_stat_activity WHERE usename = 'licentia' AND wait_event_type = 'Lock'`,
      );
      return waiting.length > 0;
    });
    // Waits for what the change holds, while the change waits for what this one holds.
    await other.query('SELECT 1 FROM snapshot_version FOR UPDATE');
    await other.query('COMMIT');
    expect((await installing).status).toBe(200);
    await eventually(async () => (await deadlocks()) > before);
    await stage.assertNothingLost();
  }, 120_000);
});
