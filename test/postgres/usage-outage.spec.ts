import { jest } from '@jest/globals';
import { MAX_WAITING, SeenBuffer } from '../../src/usage/subjects/seen-buffer.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { FakeIssuer } from '../support/fake-issuer/fake-issuer.js';
import { TestService } from '../support/service.js';
import { TcpProxy } from '../support/tcp-proxy.js';

jest.setTimeout(180_000);

const USAGE = '/api/licensing/usage';

describe('usage while PostgreSQL is away', () => {
  let database: TestDatabase;
  let proxy: TcpProxy;
  let issuer: FakeIssuer;
  let service: TestService;

  beforeAll(async () => {
    database = await testDatabase();
    const url = new URL(database.url);
    proxy = await TcpProxy.start(url.hostname, Number(url.port || 5432));
    url.hostname = '127.0.0.1';
    url.port = String(proxy.port);
    issuer = await FakeIssuer.start();
    service = await TestService.start({ ...database, url: url.href }, { ISSUER_URL: issuer.url });
    const token = issuer.token({ included_users: 1_000_000 });
    expect((await service.post('/api/licensing/token', { token })).status).toBe(200);
  });

  afterAll(async () => {
    await service.stop();
    await issuer.stop();
    await proxy.stop();
    await database.drop();
  });

  afterEach(() => proxy.mend());

  const seen = (first: number, count: number) =>
    service.post(`${USAGE}/seen`, {
      events: Array.from({ length: count }, (_, index) => ({ subject: `user ${first + index}` })),
    });
  const back = async () => {
    while ((await service.get('/api/licensing/refresh-stats')).status !== 200)
      await new Promise((resolve) => setTimeout(resolve, 100));
  };

  it.each(['cut', 'freeze'] as const)('takes reports, and lets in who is active (%s)', async (fault) => {
    await service.post(`${USAGE}/admit`, { subject: 'anna' });
    const before = (await service.get(USAGE)).body;
    proxy[fault]();
    expect((await seen(0, 100)).status).toBe(202);
    // One of them was heard of for the first time, and is in memory alone.
    for (const subject of ['user 99', 'anna'])
      expect((await service.post(`${USAGE}/admit`, { subject })).body).toMatchObject({
        admitted: true,
        reason: 'already-active',
      });
    const stranger = await service.post(`${USAGE}/admit`, { subject: `stranger ${fault}` });
    expect([stranger.status, stranger.body.messageId]).toEqual([503, 'database.unavailable']);
    service.clock.advance(5_000);
    const during = (await service.get(USAGE)).body;
    expect(during).toMatchObject({ used: before.used, limit: before.limit, measuredAt: before.measuredAt });
    expect(during.age).toBeGreaterThanOrEqual(5);
    expect((await service.get('/api/licensing/check')).body).toBe(true);
    proxy.mend();
    await back();
    await service.running.application.nest.get(SeenBuffer).flush();
    // The hundred are the same people each time.
    const reported = fault === 'cut' ? 101 : 102;
    expect((await service.get(USAGE)).body).toMatchObject({ used: reported, age: 0 });
    expect((await service.post(`${USAGE}/admit`, { subject: `stranger ${fault}` })).body.admitted).toBe(true);
    expect((await service.get(USAGE)).body.used).toBe(reported + 1);
  });

  it('lets in from memory nobody who left, also where an older report came later', async () => {
    const token = issuer.token({ included_users: 1_000_000, jti: 'free', seat_policy: { leave: 'free' } });
    expect((await service.post('/api/licensing/token', { token })).status).toBe(200);
    const admit = async () => service.post(`${USAGE}/admit`, { subject: 'lena' });
    expect((await admit()).status).toBe(200);
    expect((await service.post(`${USAGE}/left`, { subject: 'lena' })).body).toEqual({ freed: true });
    const at = Math.floor(service.clock.now() / 1000) - 60;
    const events = [{ subject: 'lena', at }];
    expect((await service.post(`${USAGE}/seen`, { events })).status).toBe(202);
    await service.running.application.nest.get(SeenBuffer).flush();
    proxy.cut();
    expect((await admit()).status).toBe(503);
    proxy.mend();
    await back();
    expect((await admit()).body).toMatchObject({ admitted: true, reason: 'seat-free' });
  });

  it('stays in the day before at midnight, for the answers as for the gate', async () => {
    const exp = Math.floor(service.clock.now() / 1000) + 90 * 86_400;
    const token = issuer.token({ included_users: 1_000_000, jti: 'long', exp, lexp: exp });
    expect((await service.post('/api/licensing/token', { token })).status).toBe(200);
    const admit = async (subject: string) => service.post(`${USAGE}/admit`, { subject });
    expect((await admit('maria')).status).toBe(200);
    const { used, window } = (await service.get(USAGE)).body;
    proxy.cut();
    // Nobody was seen within the window of that day.
    service.clock.advance(40 * 86_400_000);
    expect((await service.get(USAGE)).body).toMatchObject({ used, window });
    expect((await admit('maria')).body).toMatchObject({ reason: 'already-active', used });
    proxy.mend();
    await back();
    await service.running.application.nest.get(SeenBuffer).flush();
    // She was let in on the new day.
    expect((await service.get(USAGE)).body).toMatchObject({ used: 1, age: 0 });
  });

  it('keeps as many reports as it has room for, and takes a batch whole or not at all', async () => {
    const buffer = service.running.application.nest.get(SeenBuffer);
    await buffer.flush();
    proxy.cut();
    // What comes by HTTP is what is counted; most is put there directly, as 200 requests would show no more.
    const at = Math.floor(service.clock.now() / 1000);
    for (let first = 0; first < MAX_WAITING - 1_500; first += 500)
      buffer.add(
        Array.from({ length: 500 }, (_, index) => [
          `waiting ${first + index}`,
          { role: 'viewer', from: at, at },
        ]),
      );
    expect((await seen(1_000, 1_000)).status).toBe(202);
    const full = await seen(2_000, 1_000);
    expect([full.status, full.body.messageId]).toEqual([503, 'database.unavailable']);
    expect(Number(full.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(buffer.size).toBe(MAX_WAITING - 500);
    // Who waits already needs no room.
    expect((await seen(1_000, 1_000)).status).toBe(202);
    expect((await seen(2_000, 500)).status).toBe(202);
    expect((await seen(2_500, 1)).status).toBe(503);
  });
});
