import { jest } from '@jest/globals';
import { Database } from '../../src/database/database.js';
import type { AuthenticatedLicense } from '../../src/domain/license/license-token.js';
import { licenseIn } from '../../src/licensing/license/license-reader.js';
import { StoredLicenseLoader } from '../../src/licensing/license/stored-license-loader.js';
import { LicenseRenewal } from '../../src/licensing/renewal/license-renewal.js';
import { RenewalStore, type Lease } from '../../src/licensing/renewal/renewal.store.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { FakeIssuer } from '../support/fake-issuer/fake-issuer.js';
import { type Reply, TestService } from '../support/service.js';
import { ServiceProcess } from '../support/service-process.js';

const TOKEN = '/api/licensing/token';
const RENEW = '/api/licensing/token/renew';
/** A lease lasts 7 s longer: it runs out within the test. The holds of the other tests are over long before. */
const ISSUER_TIMEOUT_MS = '20000';

interface Parts {
  readonly database: Database;
  readonly licenses: StoredLicenseLoader;
  readonly renewals: RenewalStore;
}

describe('three replicas that renew one license', () => {
  let database: TestDatabase;
  let issuer: FakeIssuer;
  let replicas: TestService[];
  const renew = jest.spyOn(LicenseRenewal.prototype, 'renew');

  beforeAll(async () => {
    database = await testDatabase();
    issuer = await FakeIssuer.start();
    const environment = { ISSUER_URL: issuer.url, ISSUER_TIMEOUT_MS };
    replicas = [await TestService.start(database, environment)];
    for (let more = 0; more < 2; more += 1) replicas.push(await TestService.start(database, environment));
  });

  afterEach(() => {
    issuer.answerRenewals();
    issuer.requests.length = 0;
  });

  afterAll(async () => {
    for (const replica of replicas) await replica.stop();
    await issuer.stop();
    await database.drop();
  });

  const replica = (index: number) => replicas[index % replicas.length] as TestService;
  /** Waits until so many more requests have come to the renewal: each shares the one that is under way. */
  const arrived = async (count: number) => {
    const before = renew.mock.calls.length;
    while (renew.mock.calls.length < before + count) await sleep(25);
  };
  const ask = async (count: number): Promise<Reply[]> =>
    Promise.all(Array.from({ length: count }, async (_, index) => replica(index).post(RENEW, {})));
  const install = async (jti: string) => {
    await replica(0).delete(TOKEN, { instance: 'http://localhost:3000/' });
    expect((await replica(0).post(TOKEN, { token: issuer.token({ jti, lid: jti }) })).status).toBe(200);
    for (let index = 1; index < 3; index += 1) {
      while ((await replica(index).get(TOKEN)).body.jti !== jti) await sleep(25);
    }
  };

  it('make one call for 1,000 parallel requests, and answer all of them alike', async () => {
    await install('shared');
    const held = issuer.holdRenewals();
    const all = arrived(1_000);
    const replies = ask(1_000);
    await held.arrived;
    await all;
    held.release();
    const bodies = (await replies).map(({ status, text }) => `${status} ${text}`);
    expect(new Set(bodies).size).toBe(1);
    expect(bodies[0]).toContain('200 ');
    expect(bodies[0]).toContain('"renewed-');
    expect(issuer.renewals).toHaveLength(1);
  });

  it('share a refusal as they share a success', async () => {
    await install('refused');
    const held = issuer.holdRenewals();
    issuer.answerRenewals({ status: 403, body: { code: 'license_suspended', message: 'Please pay' } });
    const all = arrived(30);
    const replies = ask(30);
    await held.arrived;
    await all;
    held.release();
    const bodies = (await replies).map(({ status, text }) => `${status} ${text}`);
    expect(new Set(bodies).size).toBe(1);
    expect(bodies[0]).toContain('issuer.refused');
    expect(bodies[0]).toContain('Please pay');
    expect(issuer.renewals).toHaveLength(1);
  });

  it('replace a holder that was killed once its lease has run out, under the same attempt', async () => {
    await install('abandoned');
    const held = issuer.holdRenewals();
    const holder = await ServiceProcess.start({
      DATABASE_URL: database.url,
      ISSUER_URL: issuer.url,
      ISSUER_TIMEOUT_MS: '1000',
    });
    void holder.call('POST', RENEW).catch(() => undefined);
    await held.arrived;
    await holder.kill();
    held.release();
    const [reply] = await ask(1);
    expect(reply?.status).toBe(200);
    const ids = issuer.renewals.map(({ headers }) => headers['idempotency-key']);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
  });

  it('share a success that was being stored while one of them had read the license, and ask nobody again', async () => {
    await install('overtaken');
    const [first, second] = [replica(0), replica(1)].map(({ running: { application } }) => ({
      database: application.nest.get(Database),
      licenses: application.nest.get(StoredLicenseLoader),
      renewals: application.nest.get(RenewalStore),
    })) as [Parts, Parts];
    const stored = await second.database.read((manager) => second.licenses.load(manager));
    const license = licenseIn(stored.content) as AuthenticatedLicense;
    const lease = await first.renewals.acquire(stored, license);
    let late: Promise<Lease | undefined> | undefined;
    await first.database.transaction(async (manager) => {
      await manager.query('UPDATE license SET revision = revision + 1');
      await first.renewals.release(manager, lease as Lease, { outcome: 'renewed', finished: true });
      late = second.renewals.acquire(stored, license);
      await sleep(500);
    });
    expect(await late).toEqual({ id: lease?.id, call: 1, own: false });
  });

  it('share a call that was made with a token which was replaced meanwhile', async () => {
    await install('replaced');
    const held = issuer.holdRenewals();
    const first = replica(0).post(RENEW, {});
    await held.arrived;
    const token = issuer.token({ jti: 'newer', lid: 'replaced', iat: Math.floor(Date.now() / 1000) });
    expect((await replica(1).post(TOKEN, { token })).status).toBe(200);
    const second = arrived(1);
    const follower = replica(1).post(RENEW, {});
    await second;
    held.release();
    const replies = [await first, await follower];
    expect(replies.map(({ status }) => status)).toEqual([200, 200]);
    expect(replies[0]?.text).toBe(replies[1]?.text);
    expect(issuer.renewals).toHaveLength(1);
    expect((await replica(1).post(RENEW, {})).status).toBe(200);
    expect(issuer.renewals).toHaveLength(2);
  });

  it('read the license again when it was changed otherwise before they had their lease', async () => {
    await install('changed');
    const { nest } = replica(0).running.application;
    const [database, licenses] = [nest.get(Database), nest.get(StoredLicenseLoader)];
    const stored = await database.read((manager) => licenses.load(manager));
    await replica(1).delete(TOKEN, { instance: 'http://localhost:3000/' });
    expect(
      await nest.get(RenewalStore).acquire(stored, licenseIn(stored.content) as AuthenticatedLicense),
    ).toBeUndefined();
  });

  it('are not held up by an attempt that failed: the next request asks again', async () => {
    await install('again');
    issuer.answerRenewals((_request, response) => response.destroy());
    expect((await replica(0).post(RENEW, {})).body.messageId).toBe('issuer.unavailable');
    issuer.answerRenewals();
    expect((await replica(1).post(RENEW, {})).status).toBe(200);
    const ids = issuer.renewals.map(({ headers }) => headers['idempotency-key']);
    expect([ids.length, new Set(ids).size]).toEqual([2, 1]);
  });
});

async function sleep(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}
