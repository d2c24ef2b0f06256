import { PostgresServer } from '../support/postgres-server.js';
import { Scrape } from '../support/scrape.js';
import { ServiceProcess } from '../support/service-process.js';
import { eventually, pause, Stage } from './stage.js';

/** Longer than every time-out of the service: waiting for a connection, a statement, an answer. */
const FROZEN_MS = 12_000;

describe('a PostgreSQL server in trouble', () => {
  let server: PostgresServer;
  let stage: Stage;

  beforeAll(async () => {
    server = await PostgresServer.start();
    stage = await Stage.set(server);
  }, 120_000);

  afterAll(async () => {
    await (stage?.strike() ?? Promise.resolve()).finally(() => server.stop());
  }, 60_000);

  it('may restart', async () => {
    await stage.during(async () => {
      await server.shutDown();
      await pause(1_000);
      await server.start();
    });
  }, 120_000);

  it.each(['shutDown', 'kill'] as const)(
    'may restart (%s): a replica notices that it does not hear of changes, sees them, and hears of them again',
    async (end) => {
      const replica = await stage.join();
      const listens = async () => (await Scrape.of(replica.url)).value('licentia_snapshot_listening') === 1;
      const sees = async ({ body }: { body: { jti: string } }) => {
        const changed = performance.now();
        await eventually(
          async () =>
            (await stage.call('GET', '/api/licensing/token', undefined, replica)).body.jti === body.jti,
        );
        return performance.now() - changed;
      };
      await eventually(listens);
      await server[end]();
      await eventually(async () => !(await listens()));
      await server.start();
      await stage.back();
      // By the poll, where it does not listen yet; that has to find the server again, too.
      expect(await sees(await stage.install())).toBeLessThan(5_000);
      await eventually(listens);
      expect(await sees(await stage.install())).toBeLessThan(1_000);
      await stage.assertNothingLost();
    },
    120_000,
  );

  it('may be killed, and recover', async () => {
    for (let time = 0; time < 2; time += 1) {
      await stage.during(async () => {
        await server.kill();
        await pause(500);
        await server.start();
      });
    }
  }, 120_000);

  it('may end every connection, idle or in a transaction, again and again', async () => {
    const { checked } = await stage.during(async () => {
      for (let time = 0; time < 20; time += 1) {
        await stage.query(
          'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
        );
        await pause(100);
      }
    });
    expect(checked).toBeGreaterThan(10);
  }, 120_000);

  it('may freeze for longer than any time-out: nothing hangs, and probes tell the truth', async () => {
    const { refused } = await stage.during(async () => {
      await server.freeze();
      const frozen = performance.now();
      const health = await stage.call('GET', '/api/health');
      expect([health.status, health.body.database]).toEqual([503, 'failing']);
      expect((await stage.call('GET', '/readyz')).status).toBe(200);
      await pause(Math.max(0, FROZEN_MS - (performance.now() - frozen)));
      await server.thaw();
    });
    expect(refused).toBeGreaterThan(0);
    expect((await stage.call('GET', '/api/health')).body.database).toBe('ok');
  }, 120_000);

  /** Every session of the service begins anew, with what is set now. */
  const renewSessions = () =>
    stage.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
  const READ_ONLY: [string, () => Promise<unknown>, () => Promise<unknown>][] = [
    [
      'by a setting that it reads again',
      () => server.configure('default_transaction_read_only', 'on'),
      () => server.configure('default_transaction_read_only', null),
    ],
    [
      'by a setting of the database, with which sessions begin and stay',
      async () => {
        await stage.query('ALTER DATABASE licentia SET default_transaction_read_only = on');
        await renewSessions();
      },
      () => server.query('ALTER DATABASE licentia RESET default_transaction_read_only'),
    ],
    ['as a standby, and be promoted', () => server.standBy(), () => server.query('SELECT pg_promote()')],
  ];

  it.each(READ_ONLY)(
    'may refuse to write %s: that is seen, and over in time',
    async (_, begin, end) => {
      const warnings = stage.said('the database cannot be written to');
      const { refused } = await stage.during(async () => {
        await begin();
        const health = () => stage.call('GET', '/api/health');
        await eventually(async () => (await health()).body.reason === 'read-only');
        expect(await health()).toMatchObject({ status: 503, body: { database: 'failing' } });
        expect((await stage.call('GET', '/readyz')).status).toBe(200);
        expect(await stage.metric('licentia_database_writable')).toBe(0);
        await pause(2_000);
        expect((await stage.install()).status).toBe(503);
        expect((await stage.call('GET', '/readyz')).body).toEqual({ status: 'ready', reason: 'read-only' });
        await end();
      });
      expect(refused).toBeGreaterThan(0);
      await eventually(async () => (await stage.call('GET', '/api/health')).body.database === 'ok');
      expect(await stage.metric('licentia_database_writable')).toBe(1);
      expect(stage.said('the database cannot be written to')).toBe(warnings + 1);
    },
    120_000,
  );

  it('may still be starting when the service starts: it listens, says so, and heals', async () => {
    await server.shutDown();
    await server.refuseEverybody(true);
    await server.launch();
    const cold = await ServiceProcess.start({
      DATABASE_URL: server.url.replace(/postgres$/, 'licentia'),
      ISSUER_URL: stage.issuer.url,
    });
    try {
      expect((await stage.call('GET', '/healthz', undefined, cold)).status).toBe(200);
      expect((await stage.call('GET', '/readyz', undefined, cold)).status).toBe(503);
      const refused = await stage.call('GET', '/api/licensing/check', undefined, cold);
      expect([refused.status, refused.body.messageId]).toEqual([503, 'database.unavailable']);
      // Who was there before answers from memory.
      expect((await stage.call('GET', '/api/licensing/check')).body).toBe(true);

      await server.kill();
      await server.refuseEverybody(false);
      await server.start();
      await stage.back();
      await eventually(async () => (await stage.call('GET', '/readyz', undefined, cold)).status === 200);
      expect((await stage.call('GET', '/api/licensing/check', undefined, cold)).body).toBe(true);
    } finally {
      expect(await cold.kill('SIGTERM')).toBe(0);
    }
    await stage.assertNothingLost();
  }, 120_000);

  it('may have a name that nobody knows when the service starts: it listens and says so', async () => {
    const lost = await ServiceProcess.start({
      DATABASE_URL: 'postgres://postgres@database.invalid/licentia',
    });
    try {
      await pause(2_500);
      expect((await stage.call('GET', '/healthz', undefined, lost)).status).toBe(200);
      expect((await stage.call('GET', '/readyz', undefined, lost)).status).toBe(503);
    } finally {
      expect(await lost.kill('SIGTERM')).toBe(0);
    }
  }, 60_000);
});
