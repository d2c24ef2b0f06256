import { LicenseRegister } from '../../../src/issuer-server/licenses/license-register.js';
import { IssuerReports } from '../../../src/usage/reports/issuer-reports.js';
import { INSTANCE, ISSUER_ID, TestIssuerServer } from '../../issuer-server/test-issuer-server.js';
import { type TestDatabase, testDatabase } from '../../support/database.js';
import { TestService } from '../../support/service.js';

const DAY_MS = 86_400_000;

describe('A service whose issuer got a backup of before', () => {
  const databases: TestDatabase[] = [];
  let issuerServer: TestIssuerServer;
  let service: TestService;
  let lid: string;
  let first: number;

  beforeAll(async () => {
    databases.push(await testDatabase('issuer'), await testDatabase());
    const [issuers, own] = databases as [TestDatabase, TestDatabase];
    issuerServer = await TestIssuerServer.start(issuers);
    service = await TestService.start(own, {
      ...{ ISSUER_URL: issuerServer.running.url, ISSUER_ID, ROOT_URL: INSTANCE, USAGE_REPORT: 'on' },
    });
    const terms = { includedUsers: 3, licenseSeconds: 40_000_000, tokenSeconds: 20_000_000 };
    const issued = await issuerServer.issued(terms);
    lid = issued.lid;
    service.clock.advance(60_000);
    expect((await service.post('/api/licensing/token', { token: issued.token })).status).toBe(200);
    expect((await service.post('/api/licensing/usage/admit', { subject: 'anna' })).status).toBe(200);
    first = Math.floor(service.clock.now() / DAY_MS);
    await daysPass(6);
    await renew();
  });

  afterAll(async () => {
    await service.stop();
    await issuerServer.stop();
    for (const database of databases) await database.drop();
  });

  const daysPass = async (count: number) => {
    service.clock.advance(count * DAY_MS);
    issuerServer.clock.advance(count * DAY_MS);
    expect((await service.get('/api/licensing/usage/history')).status).toBe(200);
  };
  const renew = async () => {
    expect((await service.post('/api/licensing/token/renew', {})).status).toBe(200);
    // What the issuer has is noted after the answer.
    await service.running.application.nest.get(IssuerReports).beforeApplicationShutdown();
  };
  const kept = async () => {
    const register = issuerServer.running.application.nest.get(LicenseRegister);
    return ((await register.useOf(lid, 100))?.days ?? []).map(({ day }) => day - first).reverse();
  };

  it.each<[string, string]>([
    ['all days', 'true'],
    ['the last days', 'day > $1 + 3'],
    ['days in the middle, as after a restore of long ago', 'day BETWEEN $1 + 2 AND $1 + 3'],
  ])('sends %s again that the issuer lost', async (_, lost) => {
    const before = [0, 1, 2, 3, 4, 5];
    expect(await kept()).toEqual(before);
    await issuerServer.query(`DELETE FROM reported_day WHERE $1::int > 0 AND ${lost}`, [first]);
    expect((await kept()).length).toBeLessThan(6);
    await renew();
    await renew();
    expect(await kept()).toEqual(before);
  });

  it('does so if a new day was reported after the restore', async () => {
    await issuerServer.query('DELETE FROM reported_day WHERE day > $1', [first + 1]);
    await daysPass(1);
    await renew();
    await renew();
    expect(await kept()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });
});
