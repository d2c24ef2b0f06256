import { Database } from '../../src/database/database.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { FakeIssuer } from '../support/fake-issuer/fake-issuer.js';
import { FULL_GEAR } from '../support/gear.js';
import { type Reply, TestService } from '../support/service.js';

const TOKEN = '/api/licensing/token';
const USAGE = '/api/licensing/usage';
const CALLS = 500;

describe('three replicas that share seats', () => {
  let database: TestDatabase;
  let issuer: FakeIssuer;
  let replicas: TestService[];
  let jtis = 0;

  beforeAll(async () => {
    database = await testDatabase();
    issuer = await FakeIssuer.start();
    replicas = [];
    for (let index = 0; index < 3; index += 1)
      replicas.push(await TestService.start(database, { ISSUER_URL: issuer.url }));
  });

  afterAll(async () => {
    for (const replica of replicas) await replica.stop();
    await issuer.stop();
    await database.drop();
  });

  const replica = (index: number) => replicas[index % replicas.length] as TestService;
  const license = async (included_users: number, more: object = {}) => {
    jtis += 1;
    const jti = `seats-${jtis}`;
    const token = issuer.token({
      lid: 'seats',
      jti,
      iat: Math.floor(Date.now() / 1000) - 300 + jtis,
      included_users,
      ...more,
    });
    expect((await replica(0).post(TOKEN, { token })).status).toBe(200);
    for (const one of replicas)
      while ((await one.get(TOKEN)).body.jti !== jti) await new Promise((go) => setTimeout(go, 25));
  };
  const change = (sql: string) =>
    replica(0)
      .running.application.nest.get(Database)
      .transaction((manager) => manager.query(sql));
  const admit = async (index: number, subject: string): Promise<Reply> =>
    replica(index).post(`${USAGE}/admit`, { subject });
  const clear = () => change('DELETE FROM usage_subject; DELETE FROM usage_count; DELETE FROM usage_denial');

  it('admit exactly one of 500 parallel calls for one seat, round after round', async () => {
    await license(6);
    for (let round = 0; round < (FULL_GEAR ? 20 : 3); round += 1) {
      await clear();
      for (let index = 0; index < 5; index += 1)
        expect((await admit(index, `early ${index}`)).status).toBe(200);
      const replies = await Promise.all(
        Array.from({ length: CALLS }, (_, index) => admit(index, `round ${round} user ${index}`)),
      );
      // On a machine that is busy with other things some may come too late, and be told so.
      expect(replies.filter(({ status }) => ![200, 503].includes(status))).toEqual([]);
      expect(replies.filter(({ status }) => status === 200).length).toBeGreaterThan(CALLS / 2);
      expect(replies.filter(({ body }) => body.admitted)).toHaveLength(1);
      expect((await replica(round).get(USAGE)).body.used).toBe(6);
      const rows = await replica(0)
        .running.application.nest.get(Database)
        .read((manager) =>
          manager.query<{ stored: string }[]>('SELECT count(*) AS stored FROM usage_subject'),
        );
      expect(rows).toEqual([{ stored: '6' }]);
    }
  }, 600_000);

  it('always admit who is active, at the limit and among any number who are not', async () => {
    await clear();
    await license(10);
    const known = Array.from({ length: 10 }, (_, index) => `known ${index}`);
    for (const [index, subject] of known.entries()) await admit(index, subject);
    const replies = await Promise.all(
      Array.from({ length: 300 }, (_, index) =>
        admit(index, index % 2 === 0 ? (known[(index / 2) % 10] as string) : `stranger ${index}`),
      ),
    );
    const outcomes = replies.map(({ body }) => body.reason);
    expect(outcomes.filter((_, index) => index % 2 === 0)).toEqual(Array(150).fill('already-active'));
    expect(outcomes.filter((_, index) => index % 2 === 1)).toEqual(Array(150).fill('limit-reached'));
  });

  it('give a seat that was freed to one other', async () => {
    await clear();
    await license(3, { seat_policy: { leave: 'free' } });
    for (const subject of ['a', 'b', 'c']) await admit(0, subject);
    const calls = Array.from({ length: 60 }, (_, index) => admit(index, `next ${index}`));
    const left = await replica(1).post(`${USAGE}/left`, { subject: 'a' });
    // Its owner is back among the others, who have no more right to the seat.
    const back = await Promise.all([admit(2, 'a'), ...calls]);
    expect(left.body).toEqual({ freed: true });
    const late = await Promise.all(Array.from({ length: 60 }, (_, index) => admit(index, `later ${index}`)));
    expect([...back, ...late].filter(({ body }) => body.reason === 'seat-free').length).toBeLessThanOrEqual(
      1,
    );
    expect((await replica(0).get(USAGE)).body.used).toBe(3);
  });

  it('never exceed the larger of two limits while a license changes it', async () => {
    await clear();
    await license(20);
    const calls = Array.from({ length: 200 }, (_, index) => admit(index, `user ${index}`));
    await license(40);
    const more = Array.from({ length: 200 }, (_, index) => admit(index, `more ${index}`));
    await Promise.all([...calls, ...more]);
    expect((await replica(0).get(USAGE)).body.used).toBe(40);
  });

  it('take over the limit of a renewal in the middle of 400 calls', async () => {
    await clear();
    await license(20);
    const { iat } = (await replica(0).get(TOKEN)).body;
    issuer.answerRenewals({
      status: 200,
      body: { token: issuer.token({ lid: 'seats', jti: 'renewed', iat: iat + 1, included_users: 40 }) },
    });
    const calls = Array.from({ length: 200 }, (_, index) => admit(index, `user ${index}`));
    const renewal = replica(1).post(`${TOKEN}/renew`, {});
    const more = Array.from({ length: 200 }, (_, index) => admit(index, `more ${index}`));
    await Promise.all([...calls, ...more]);
    expect((await renewal).body).toMatchObject({ jti: 'renewed' });
    issuer.answerRenewals();
    const during = (await replica(0).get(USAGE)).body.used;
    expect([during >= 20, during <= 40]).toEqual([true, true]);
    for (const one of replicas)
      while ((await one.get(TOKEN)).body.jti !== 'renewed') await new Promise((go) => setTimeout(go, 25));
    await Promise.all(Array.from({ length: 100 }, (_, index) => admit(index, `last ${index}`)));
    expect((await replica(2).get(USAGE)).body).toMatchObject({ used: 40, limit: 40 });
  });

  it('count a person once whom all of them report', async () => {
    await clear();
    const events = Array.from({ length: 200 }, (_, index) => ({ subject: `seen ${index}` }));
    await Promise.all(replicas.map((one) => one.post(`${USAGE}/seen`, { events })));
    while ((await replica(0).get(USAGE)).body.used < 200) await new Promise((go) => setTimeout(go, 50));
    await new Promise((go) => setTimeout(go, 2_500));
    expect((await replica(1).get('/api/licensing/refresh-stats')).body.active_users).toBe(200);
  });
});
