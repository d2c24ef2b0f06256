import { type TestDatabase, testDatabase } from '../support/database.js';
import { until } from '../e2e/licensing/stage.js';
import { FakeIssuer } from '../support/fake-issuer/fake-issuer.js';
import { TestService } from '../support/service.js';

const TOKEN = '/api/licensing/token';
const DAY = 86_400;

describe('a license of the next term over three replicas', () => {
  let database: TestDatabase;
  let issuer: FakeIssuer;
  let replicas: TestService[];

  beforeAll(async () => {
    database = await testDatabase();
    issuer = await FakeIssuer.start();
    const start = () => TestService.start(database, { ISSUER_URL: issuer.url });
    replicas = [await start(), await start(), await start()];
  });

  afterAll(async () => {
    for (const replica of replicas) await replica.stop();
    await issuer.stop();
    await database.drop();
  });

  const history = async (replica: TestService) => (await replica.get(`${TOKEN}/history`)).body;

  it('takes over on all of them, and is put in its place once', async () => {
    const [first] = replicas as [TestService, TestService, TestService];
    const nbf = Math.floor(Date.now() / 1000) + 5;
    const token = issuer.token({ lid: 'next', nbf, exp: nbf + DAY, lexp: nbf + DAY });
    expect((await first.post(TOKEN, { token: issuer.token({ lid: 'now' }) })).status).toBe(200);
    expect((await first.post(TOKEN, { token, queue: true })).status).toBe(200);
    const lidOf = async (replica: TestService) => (await replica.get(TOKEN)).body.lid as string;
    for (const replica of replicas) await until(async () => (await lidOf(replica)) === 'now');
    for (const replica of replicas) {
      await until(async () => (await lidOf(replica)) === 'next');
      expect((await replica.get('/api/licensing/check')).body).toBe(true);
    }
    await until(async () => (await history(first)).queued === null);
    // Every replica has had its look.
    const settled = first.clock.monotonic();
    await until(() => first.clock.monotonic() > settled + 2_500);
    const { changes, current, previous } = await history(first);
    expect(changes.map(({ change }: { change: string }) => change)).toEqual(['promote', 'queue', 'install']);
    expect([current.lid, previous.lid]).toEqual(['next', 'now']);
  });

  it('has begun for a replica whose clock is behind as soon as the database says so', async () => {
    const [first, second] = replicas as [TestService, TestService, TestService];
    second.clock.set(Date.now() - 60_000);
    const nbf = Math.floor(Date.now() / 1000) + 3;
    const token = issuer.token({ lid: 'third', nbf, exp: nbf + DAY, lexp: nbf + DAY });
    expect((await first.post(TOKEN, { token, queue: true })).status).toBe(200);
    await until(async () => (await history(first)).current.lid === 'third');
    await until(async () => (await second.get(TOKEN)).body.lid === 'third');
    expect((await second.get('/api/licensing/check')).body).toBe(true);
  });
});
