import { CommitProxy } from '../support/commit-proxy.js';
import { PostgresServer } from '../support/postgres-server.js';
import type { ServiceProcess } from '../support/service-process.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { eventually, pause, Stage } from './stage.js';

describe('the line to PostgreSQL', () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await PostgresServer.start();
  }, 120_000);

  afterAll(() => server?.stop(), 60_000);

  describe('that is cut at a COMMIT', () => {
    let proxy: CommitProxy;
    let stage: Stage;
    let replica: ServiceProcess;

    beforeAll(async () => {
      proxy = await CommitProxy.start('127.0.0.1', server.port);
      stage = await Stage.set(server, { through: proxy.port });
      replica = await stage.join(server.url.replace(/postgres$/, 'licentia'));
    }, 120_000);

    afterAll(async () => {
      await (stage?.strike() ?? Promise.resolve()).finally(() => proxy.stop());
    }, 60_000);

    const unknown = [503, 'database.unavailable'];
    const revision = async () =>
      (await stage.query<{ revision: string }>('SELECT revision FROM license'))[0]?.revision;

    it('after it was done: an install is refused as unknown, shows on every replica, and may be repeated', async () => {
      const token = stage.newerToken();
      const before = Number(await revision());
      const cut = proxy.cutCommit('after');
      const answer = await stage.install(token);
      await cut;
      expect([answer.status, answer.body.messageId]).toEqual(unknown);
      expect(Number(await revision())).toBe(before + 1);
      await stage.assertNothingLost();
      const again = await stage.install(token);
      expect(again.status).toBe(200);
      expect(Number(await revision())).toBe(before + 1);
      expect((await stage.call('GET', '/api/licensing/token', undefined, replica)).body.jti).toBe(
        again.body.jti,
      );
      await stage.assertNothingLost();
    }, 60_000);

    it('before it was done: an install left no trace, and may be repeated', async () => {
      const token = stage.newerToken();
      const before = Number(await revision());
      const cut = proxy.cutCommit('before');
      const answer = await stage.install(token);
      await cut;
      expect([answer.status, answer.body.messageId]).toEqual(unknown);
      await stage.assertNothingLost();
      expect(Number(await revision())).toBe(before);
      expect((await stage.install(token)).status).toBe(200);
      expect(Number(await revision())).toBe(before + 1);
      await stage.assertNothingLost();
    }, 60_000);

    it.each([
      ['after', 409],
      ['before', 201],
    ] as const)(
      '%s it was done: a service account is there once',
      async (when, repeated) => {
        const name = `cut ${when}`;
        const cut = proxy.cutCommit(when);
        const answer = await stage.create(name);
        await cut;
        expect([answer.status, answer.body.messageId]).toEqual(unknown);
        expect((await stage.create(name)).status).toBe(repeated);
        expect((await stage.query('SELECT 1 FROM service_account WHERE name = $1', name)).length).toBe(1);
        await stage.assertNothingLost();
      },
      60_000,
    );

    it.each(['after', 'before'] as const)(
      '%s it was done: a removed license is gone once',
      async (when) => {
        expect((await stage.install()).status).toBe(200);
        const remove = () =>
          stage.call('DELETE', '/api/licensing/token', { instance: 'http://localhost:3000/' });
        const cut = proxy.cutCommit(when);
        const answer = await remove();
        await cut;
        expect([answer.status, answer.body.messageId]).toEqual(unknown);
        expect((await remove()).status).toBe(202);
        for (const service of [undefined, replica]) {
          await eventually(
            async () => (await stage.call('GET', '/api/licensing/check', undefined, service)).body === false,
          );
        }
      },
      60_000,
    );
  });

  it('that swallows what is sent may be left for a new one, as after a failover: no dead connection is used again', async () => {
    const proxy = await TcpProxy.start('127.0.0.1', server.port);
    const stage = await Stage.set(server, { through: proxy.port });
    try {
      await stage.during(async () => {
        // Some connections at once, so that the pool has several.
        await Promise.all(
          Array.from({ length: 8 }, () => stage.call('GET', '/api/serviceaccounts/1/tokens')),
        );
        proxy.swallow();
        // Each of them costs whoever tries it one time-out; those that nobody tries are closed after 10 seconds.
        await pause(12_000);
      });
    } finally {
      await stage.strike().finally(() => proxy.stop());
    }
  }, 120_000);

  it('that stops in the middle of a change leaves none of it to the next user of the connection', async () => {
    const proxy = await TcpProxy.start('127.0.0.1', server.port);
    const stage = await Stage.set(server, { through: proxy.port });
    const name = 'caught half-way';
    await stage.query(`CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_sleep(1); RETURN NEW; END $$`);
    await stage.query(`CREATE TRIGGER linger AFTER INSERT ON service_account FOR EACH ROW
      WHEN (NEW.name = '${name}') EXECUTE FUNCTION linger()`);
    try {
      await stage.during(async () => {
        const creating = stage.call('POST', '/api/serviceaccounts', { name });
        await eventually(async () => {
          const lingering = await stage.query(`SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'`);
          return lingering.length > 0;
        });
        // The row is written, and the service never learns it. It goes on before the server gives up on it.
        proxy.freeze();
        expect((await creating).status).toBe(503);
        await pause(500);
        proxy.mend();
      });
      expect(await stage.query('SELECT 1 FROM service_account WHERE name = $1', name)).toEqual([]);
    } finally {
      await stage.strike().finally(() => proxy.stop());
    }
  }, 120_000);

  it('that is slow, two seconds a message, keeps nobody who asks memory waiting', async () => {
    const proxy = await TcpProxy.start('127.0.0.1', server.port);
    const stage = await Stage.set(server, { through: proxy.port });
    try {
      await stage.during(async () => {
        proxy.delay(2_000);
        const asked = performance.now();
        const health = await stage.call('GET', '/api/health');
        expect(health.body.database).toBe('failing');
        await pause(Math.max(0, 10_000 - (performance.now() - asked)));
        proxy.mend();
      });
    } finally {
      await stage.strike().finally(() => proxy.stop());
    }
  }, 120_000);
});
