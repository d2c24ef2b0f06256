import { jest } from '@jest/globals';
import pg from 'pg';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { MAX_WAITING } from '../../src/usage/subjects/seen-buffer.js';
import { FakeIssuer } from '../support/fake-issuer/fake-issuer.js';
import { ServiceProcess } from '../support/service-process.js';
import { TcpProxy } from '../support/tcp-proxy.js';

jest.setTimeout(180_000);

const TOKEN = '/api/licensing/token';
const USAGE = '/api/licensing/usage';
const CALLS = 500;
/** What kill -9 loses at most, milliseconds. */
const MAX_LOSS_MS = 2_000;

describe('the process of a replica that ends', () => {
  let database: TestDatabase;
  let issuer: FakeIssuer;
  let client: pg.Client;

  beforeEach(async () => {
    database = await testDatabase();
    issuer = await FakeIssuer.start();
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
  });

  afterEach(async () => {
    await client.end();
    await issuer.stop();
    await database.drop();
  });

  const start = () => ServiceProcess.start({ DATABASE_URL: database.url, ISSUER_URL: issuer.url });
  const seen = async (service: ServiceProcess, names: string[]) =>
    service.call('POST', `${USAGE}/seen`, { events: names.map((subject) => ({ subject })) });
  const stored = async (): Promise<{ subjects: number; counted: number }> => {
    const { rows } = await client.query<{ subjects: string; counted: string }>(
      `SELECT (SELECT count(*) FROM usage_subject) AS subjects, (SELECT sum(subjects) FROM usage_count) AS counted`,
    );
    return { subjects: Number(rows[0]?.subjects), counted: Number(rows[0]?.counted) };
  };

  it('by SIGTERM writes down a full buffer', async () => {
    const service = await start();
    await client.query('BEGIN');
    // Nothing can be written while they come.
    await client.query('LOCK TABLE usage_subject IN EXCLUSIVE MODE');
    for (let first = 0; first < MAX_WAITING; first += 1_000) {
      const names = Array.from({ length: 1_000 }, (_, index) => `user ${first + index}`);
      expect((await seen(service, names)).status).toBe(202);
    }
    expect((await stored()).subjects).toBe(0);
    await client.query('COMMIT');
    expect(await service.kill('SIGTERM')).toBe(0);
    expect(service.output).not.toContain('reports of usage are lost');
    expect(await stored()).toEqual({ subjects: MAX_WAITING, counted: MAX_WAITING });
  });

  it('by SIGTERM loses no report that it accepted meanwhile', async () => {
    const service = await start();
    const accepted: string[] = [];
    const clients = Array.from({ length: 4 }, async (_, client) => {
      for (let index = 0; ; index += 1) {
        const names = Array.from({ length: 10 }, (_, more) => `user ${client} ${index} ${more}`);
        const reply = await seen(service, names).catch(() => undefined);
        if (reply === undefined) return;
        if (reply.status === 202) accepted.push(...names);
      }
    });
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const before = accepted.length;
    expect(await service.kill('SIGTERM')).toBe(0);
    await Promise.all(clients);
    expect(before).toBeGreaterThan(0);
    // Of one whose answer was cut off nobody knows.
    const { subjects, counted } = await stored();
    expect([counted, subjects - accepted.length >= 0]).toEqual([subjects, true]);
  });

  describe('by SIGTERM while the database is away', () => {
    let proxy: TcpProxy;
    let service: ServiceProcess;

    beforeEach(async () => {
      const url = new URL(database.url);
      proxy = await TcpProxy.start(url.hostname, Number(url.port || 5432));
      Object.assign(url, { hostname: '127.0.0.1', port: String(proxy.port) });
      service = await ServiceProcess.start({ DATABASE_URL: url.href, ISSUER_URL: issuer.url });
    });

    afterEach(async () => {
      await proxy.stop();
    });

    it.each(['cut', 'freeze'] as const)('says within ten seconds how much is lost (%s)', async (fault) => {
      proxy[fault]();
      expect((await seen(service, ['anna', 'bert', 'carl'])).status).toBe(202);
      const asked = performance.now();
      await service.kill('SIGTERM');
      expect(performance.now() - asked).toBeLessThan(10_000);
      expect(service.output).toMatch(
        /"msg":"reports of usage are lost[^}]*"subjects":3|"unwrittenReports":3/,
      );
    });

    it('loses nothing where the database is back within seconds', async () => {
      const token = issuer.token({ included_users: 1, included_admins: undefined });
      expect((await service.call('POST', TOKEN, { token })).status).toBe(200);
      for (const subject of ['first', 'refused'])
        expect((await service.call('POST', `${USAGE}/admit`, { subject })).status).toBe(200);
      // Each second what waits is written: the refusal that is counted in memory has to wait at the cut.
      await client.query('BEGIN; LOCK TABLE usage_denial IN EXCLUSIVE MODE');
      expect((await service.call('POST', `${USAGE}/admit`, { subject: 'refused' })).status).toBe(200);
      proxy.cut();
      await client.query('COMMIT');
      expect((await seen(service, ['anna', 'bert', 'carl'])).status).toBe(202);
      service.signal('SIGTERM');
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      proxy.mend();
      expect(await service.end()).toBe(0);
      expect(service.output).not.toMatch(/are lost/);
      expect(await stored()).toEqual({ subjects: 4, counted: 4 });
      const { rows } = await client.query<{ times: string }>('SELECT times FROM usage_denial');
      expect(rows).toEqual([{ times: '2' }]);
    });
  });

  it('by kill -9 loses no report that it accepted two seconds before', async () => {
    const service = await start();
    const accepted: { name: string; at: number }[] = [];
    const began = performance.now();
    for (let index = 0; performance.now() - began < 2.5 * MAX_LOSS_MS; index += 1) {
      const names = Array.from({ length: 20 }, (_, more) => `user ${index} ${more}`);
      expect((await seen(service, names)).status).toBe(202);
      accepted.push(...names.map((name) => ({ name, at: performance.now() })));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const killed = performance.now();
    await service.kill('SIGKILL');
    const { subjects, counted } = await stored();
    expect(counted).toBe(subjects);
    expect(subjects).toBeGreaterThanOrEqual(accepted.filter(({ at }) => at <= killed - MAX_LOSS_MS).length);
    expect(subjects).toBeLessThanOrEqual(accepted.length);
    // The count goes on where it was: who was lost and is reported again counts once, as everybody else.
    const second = await start();
    const names = accepted.slice(0, 1_000).map(({ name }) => name);
    expect((await seen(second, names)).status).toBe(202);
    await second.kill('SIGTERM');
    const after = await stored();
    expect([after.counted, after.subjects]).toEqual([after.subjects, after.counted]);
    expect(after.subjects).toBeLessThanOrEqual(accepted.length);
  });

  it('by kill -9 in the middle of 500 calls for one seat gives it to one of them', async () => {
    const replicas = await Promise.all([start(), start(), start()]);
    const [first, second, third] = replicas;
    try {
      const token = issuer.token({ included_users: 6 });
      expect((await first.call('POST', TOKEN, { token })).status).toBe(200);
      // The license of the test before has no limit, and a replica may still answer by it.
      for (const replica of replicas)
        while (!(await replica.call('GET', TOKEN)).text.includes('"included_users":6'))
          await new Promise((resolve) => setTimeout(resolve, 25));
      for (let index = 0; index < 5; index += 1)
        expect((await first.call('POST', `${USAGE}/admit`, { subject: `early ${index}` })).status).toBe(200);
      let answered = 0;
      const calls = Array.from({ length: CALLS }, async (_, index) => {
        const replica = replicas[index % 3] as ServiceProcess;
        const reply = await replica
          .call('POST', `${USAGE}/admit`, { subject: `user ${index}` })
          .catch(() => undefined);
        answered += 1;
        if (answered === 20) third.signal('SIGKILL');
        return reply?.status === 200 ? (JSON.parse(reply.text) as { admitted: boolean }) : undefined;
      });
      const replies = await Promise.all(calls);
      expect(await third.end()).toBe(null);
      // The one that got the seat may have been killed before its answer.
      expect(replies.filter((reply) => reply?.admitted === true).length).toBeLessThanOrEqual(1);
      expect(replies.filter((reply) => reply === undefined).length).toBeGreaterThan(0);
      // A busy machine answers some with 503.
      expect(replies.filter((reply) => reply?.admitted === false).length).toBeGreaterThan(20);
      const usage = JSON.parse((await second.call('GET', USAGE)).text) as { used: number; remaining: number };
      expect(usage).toMatchObject({ used: 6, remaining: 0 });
      expect(await stored()).toEqual({ subjects: 6, counted: 6 });
    } finally {
      for (const replica of [first, second]) await replica.kill('SIGTERM');
    }
  });
});
