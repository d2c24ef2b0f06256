import { findChainFault } from '../../src/domain/hash-chain.js';
import { dayOf, isoDay } from '../../src/domain/usage/usage-window.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { FakeIssuer } from '../support/fake-issuer/fake-issuer.js';
import { TestService } from '../support/service.js';

const USAGE = '/api/licensing/usage';
const DAY_MS = 86_400_000;

describe('two replicas that close the days of usage', () => {
  let database: TestDatabase;
  let issuer: FakeIssuer;
  let replicas: TestService[];

  beforeAll(async () => {
    database = await testDatabase();
    issuer = await FakeIssuer.start();
    replicas = [];
    for (let index = 0; index < 2; index += 1)
      replicas.push(await TestService.start(database, { ISSUER_URL: issuer.url }));
    const now = Math.floor(Date.now() / 1000);
    const token = issuer.token({ included_users: 100, exp: now + 60 * 86_400, lexp: now + 60 * 86_400 });
    const [first, second] = replicas as [TestService, TestService];
    expect((await first.post('/api/licensing/token', { token })).status).toBe(200);
    while ((await second.get('/api/licensing/check')).body !== true)
      await new Promise((resolve) => setTimeout(resolve, 25));
  });

  afterAll(async () => {
    for (const replica of replicas) await replica.stop();
    await issuer.stop();
    await database.drop();
  });

  it('close each day once, at midnight and after a week, under requests that all need it closed', async () => {
    const [first, second] = replicas as [TestService, TestService];
    const start = dayOf(first.clock.now() / 1000);
    await first.post(`${USAGE}/admit`, { subject: 'day 0' });
    const expected = [1];
    for (const days of [1, 1, 7, 1]) {
      const midnight = (dayOf(first.clock.now() / 1000) + days) * DAY_MS;
      const wait = midnight - first.clock.now() + 500;
      for (const { clock } of replicas) clock.advance(wait);
      const subjects = Array.from({ length: 20 }, (_, index) => `day ${expected.length} user ${index % 5}`);
      const replies = await Promise.all(
        subjects.flatMap((subject) => replicas.map((replica) => replica.post(`${USAGE}/admit`, { subject }))),
      );
      expect(replies.filter(({ body }) => body.admitted !== true)).toEqual([]);
      const before = expected.at(-1) as number;
      for (let day = 1; day < days; day += 1) expected.push(before);
      expected.push(before + 5);
    }
    // The last of them is open.
    const closed = expected.slice(0, -1);
    const histories = await Promise.all(replicas.map((replica) => replica.get(`${USAGE}/history`)));
    for (const { body } of histories) {
      expect(body.days.map(({ day }: { day: string }) => day)).toEqual(
        closed.map((_, index) => isoDay(start + index)),
      );
      expect(body.days.map(({ used }: { used: number }) => used)).toEqual(closed);
    }
    expect(histories[0]?.text).toBe(histories[1]?.text);
    const ledger = (await second.get(`${USAGE}/ledger`)).text.trimEnd().split('\n');
    expect(
      findChainFault(
        ledger.map((line) => JSON.parse(line)),
        '0'.repeat(64),
      ),
    ).toBeUndefined();
    const observed = histories[0]?.body.days.map((day: { observed: boolean }) => day.observed) as boolean[];
    expect(observed.filter((one) => !one)).toHaveLength(6);
  });
});
