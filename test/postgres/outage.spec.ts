import pg from 'pg';
import { createServiceAccountToken } from '../../src/access/service-account-token.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { FakeIssuer } from '../support/fake-issuer/fake-issuer.js';
import { type Reply, TestService } from '../support/service.js';
import { ServiceProcess } from '../support/service-process.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const READER = 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE';
/** Writes come back within this time after the database did, milliseconds. */
const BACK_WITHIN_MS = 5_000;

describe('a PostgreSQL that goes away', () => {
  let database: TestDatabase;
  let proxied: TestDatabase;
  let proxy: TcpProxy;
  let issuer: FakeIssuer;
  let service: TestService;

  beforeAll(async () => {
    database = await testDatabase();
    const url = new URL(database.url);
    proxy = await TcpProxy.start(url.hostname, Number(url.port || 5432));
    url.hostname = '127.0.0.1';
    url.port = String(proxy.port);
    proxied = { ...database, url: url.href };
    issuer = await FakeIssuer.start();
    service = await TestService.start(proxied, { ISSUER_URL: issuer.url });
    await service.post('/api/licensing/token', { token: issuer.token() });
  });

  afterAll(async () => {
    await service.stop();
    await issuer.stop();
    await proxy.stop();
    await database.drop();
  });

  afterEach(() => proxy.mend());

  const writes = (jti: string): Promise<Reply> =>
    service.post('/api/licensing/token', {
      token: issuer.token({ jti, iat: Math.floor(Date.now() / 1000) }),
    });

  it.each(['cut', 'freeze'] as const)(
    'changes no answer from memory and refuses writes with 503 (%s)',
    async (fault) => {
      const { token } = await service.caller(READER);
      expect((await service.get('/api/licensing/check', { token })).body).toBe(true);
      proxy[fault]();

      const refused = await writes(`while-${fault}`);
      expect([refused.status, refused.body.messageId]).toEqual([503, 'database.unavailable']);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect((await service.get('/api/licensing/check', { token })).body).toBe(true);
      expect((await service.get('/api/licensing/token')).body.status).toBe(1);
      expect((await service.get('/readyz')).status).toBe(200);
      expect((await service.get('/api/health')).body.database).toBe('failing');
      // Whether this token is right only the database knows.
      const unknown = await service.get('/api/licensing/check', { token: createServiceAccountToken() });
      expect([unknown.status, unknown.body.messageId]).toEqual([503, 'database.unavailable']);

      proxy.mend();
      const mended = performance.now();
      for (let number = 0; (await writes(`after-${fault}-${number}`)).status !== 200; number += 1) {
        expect(performance.now() - mended).toBeLessThan(BACK_WITHIN_MS);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      expect((await service.get('/api/health')).body.database).toBe('ok');
    },
  );

  it('tells a crowd of reads, also those that wait for the ones before them, that it is not there', async () => {
    proxy.freeze();
    const crowd = await Promise.all(Array.from({ length: 40 }, () => service.get('/api/audit')));
    expect(new Set(crowd.map(({ status, body }) => `${status} ${body.messageId}`))).toEqual(
      new Set(['503 database.unavailable']),
    );
  });

  it('may end every connection, idle or busy, without harm', async () => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
    await client.end();
    expect((await service.get('/api/licensing/check')).body).toBe(true);
    const terminated = performance.now();
    for (let number = 0; (await writes(`terminated-${number}`)).status !== 200; number += 1) {
      expect(performance.now() - terminated).toBeLessThan(BACK_WITHIN_MS);
    }
  });

  it('may be away at the start: the process listens, says that it is not ready, and heals', async () => {
    proxy.cut();
    const cold = await TestService.start(proxied, { ISSUER_URL: issuer.url });
    try {
      expect((await cold.get('/healthz')).status).toBe(200);
      expect((await cold.get('/readyz')).body).toEqual({ status: 'starting', reason: 'unreachable' });
      expect((await cold.get('/api/licensing/check')).body.messageId).toBe('database.unavailable');
      proxy.mend();
      const mended = performance.now();
      while ((await cold.get('/readyz')).status !== 200) {
        expect(performance.now() - mended).toBeLessThan(BACK_WITHIN_MS);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      expect((await cold.get('/api/licensing/check')).body).toBe(true);
    } finally {
      await cold.stop();
    }
  });

  it('lets callers whom it knew go on for ACCESS_STALE_SECONDS, and no longer', async () => {
    const own = await TestService.start(proxied, { ISSUER_URL: issuer.url, ACCESS_STALE_SECONDS: '3600' });
    try {
      const { token } = await own.caller(READER);
      expect((await own.get('/api/licensing/check', { token })).status).toBe(200);
      proxy.cut();
      own.clock.advance(3_590_000);
      expect((await own.get('/api/licensing/check', { token })).status).toBe(200);
      own.clock.advance(60_000);
      const refused = await own.get('/api/licensing/check', { token });
      expect([refused.status, refused.body.messageId]).toEqual([503, 'database.unavailable']);
      // Who is known from the configuration needs no database.
      expect((await own.get('/api/licensing/check')).status).toBe(200);
    } finally {
      proxy.mend();
      await own.stop();
    }
  });

  it('keeps what was acknowledged when the service is killed, also in the middle of a renewal', async () => {
    const environment = { DATABASE_URL: database.url, ISSUER_URL: issuer.url };
    const first = await ServiceProcess.start(environment);
    const token = issuer.token({ jti: 'before-the-kill', iat: Math.floor(Date.now() / 1000) });
    expect((await first.call('POST', '/api/licensing/token', { token })).status).toBe(200);
    issuer.answerRenewals({ status: 503, delay: 20_000 });
    const renewing = first.call('POST', '/api/licensing/token/renew').catch(() => 'cut');
    const before = issuer.renewals.length;
    while (issuer.renewals.length === before) await new Promise((resolve) => setTimeout(resolve, 20));
    await first.kill('SIGKILL');
    expect(await renewing).toBe('cut');
    issuer.answerRenewals();

    const second = await ServiceProcess.start(environment);
    try {
      const stored = await second.call('GET', '/api/licensing/token');
      expect((JSON.parse(stored.text) as { jti: string }).jti).toBe('before-the-kill');
      expect((await second.call('POST', '/api/licensing/token/renew', {})).status).toBe(200);
    } finally {
      await second.kill('SIGTERM');
    }
  });
});
