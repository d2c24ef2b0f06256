import { Database } from '../../src/database/database.js';
import { UsageDays } from '../../src/usage/days/usage-days.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { FakeIssuer } from '../support/fake-issuer/fake-issuer.js';
import { TestService } from '../support/service.js';

const DAY_MS = 86_400_000;

describe('two replicas that report their usage', () => {
  let database: TestDatabase;
  let issuer: FakeIssuer;
  let replicas: TestService[];

  beforeAll(async () => {
    database = await testDatabase();
    issuer = await FakeIssuer.start();
    const environment = { ISSUER_URL: issuer.url, USAGE_REPORT: 'on' };
    replicas = [
      await TestService.start(database, environment),
      await TestService.start(database, environment),
    ];
    const now = Math.floor(Date.now() / 1000);
    const token = issuer.token({
      lid: 'shared',
      iat: now - 500,
      exp: now + 9_000_000,
      lexp: now + 9_000_000,
    });
    expect((await replica(0).post('/api/licensing/token', { token })).status).toBe(200);
    expect((await replica(0).post('/api/licensing/usage/admit', { subject: 'anna' })).status).toBe(200);
    for (const one of replicas) one.clock.advance(2 * DAY_MS);
    await replica(0).running.application.nest.get(UsageDays).prepare();
  });

  afterEach(() => {
    issuer.requests.length = 0;
  });

  afterAll(async () => {
    for (const one of replicas) await one.stop();
    await issuer.stop();
    await database.drop();
  });

  const replica = (index: number) => replicas[index] as TestService;
  const renew = async (index: number) => {
    const { status, text } = await replica(index).post('/api/licensing/token/renew', {});
    expect([status, status === 200 ? '' : text]).toEqual([200, '']);
  };
  const sentDays = () =>
    issuer.renewals.map(
      ({ body }) => (JSON.parse(body) as { usage?: { days: readonly object[] } }).usage?.days.length,
    );

  it('do not wait for a report whose table is locked', async () => {
    const { nest } = replica(1).running.application;
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    let took = 0;
    const holding = nest.get(Database).transaction(async (manager) => {
      await manager.query('LOCK TABLE usage_day IN ACCESS EXCLUSIVE MODE');
      const asked = performance.now();
      await renew(0);
      took = performance.now() - asked;
      release();
    });
    await released;
    await holding;
    expect(sentDays()).toEqual([undefined]);
    expect(took).toBeLessThan(3_500);
  });

  it('send each closed day once, also when both of them renew', async () => {
    await renew(0);
    // It notes after its answer what was taken.
    const noted = async () =>
      replica(0)
        .running.application.nest.get(Database)
        .read((manager) => manager.query<object[]>('SELECT FROM usage_state WHERE reported_day IS NOT NULL'));
    while ((await noted()).length === 0) await new Promise((go) => setTimeout(go, 25));
    await renew(1);
    await renew(0);
    expect(sentDays()).toEqual([2, 0, 0]);
    expect(issuer.reports.days('shared')).toHaveLength(2);
  });
});
