import { isoDay } from '../../../src/domain/usage/usage-window.js';
import { LicenseRegister } from '../../../src/issuer-server/licenses/license-register.js';
import { INSTANCE, ISSUER_ID, TestIssuerServer } from '../../issuer-server/test-issuer-server.js';
import { type TestDatabase, testDatabase } from '../../support/database.js';
import { TestService } from '../../support/service.js';

const DAY_MS = 86_400_000;

describe('A service that reports its usage to the issuer server', () => {
  const databases: TestDatabase[] = [];
  let issuerServer: TestIssuerServer;
  let service: TestService;

  beforeAll(async () => {
    databases.push(await testDatabase('issuer'), await testDatabase());
    const [issuers, own] = databases as [TestDatabase, TestDatabase];
    issuerServer = await TestIssuerServer.start(issuers);
    service = await TestService.start(own, {
      ...{ ISSUER_URL: issuerServer.running.url, ISSUER_ID, ROOT_URL: INSTANCE, USAGE_REPORT: 'on' },
    });
  });

  afterAll(async () => {
    await service.stop();
    await issuerServer.stop();
    for (const database of databases) await database.drop();
  });

  const daysPass = async (count: number) => {
    service.clock.advance(count * DAY_MS);
    issuerServer.clock.advance(count * DAY_MS);
    // The service looks each ten seconds; who reads the history need not wait for that.
    expect((await service.get('/api/licensing/usage/history')).status).toBe(200);
  };
  const admit = async (subject: string, role?: string) =>
    expect((await service.post('/api/licensing/usage/admit', { subject, role })).status).toBe(200);
  const renew = async () => expect((await service.post('/api/licensing/token/renew', {})).status).toBe(200);

  it('has each closed day there once, with the counts of the last renewal', async () => {
    const { token, lid } = await issuerServer.issued({
      ...{ includedUsers: 3, licenseSeconds: 40_000_000, tokenSeconds: 20_000_000 },
    });
    // The issuer's clock went on by a minute after it issued the license.
    service.clock.advance(60_000);
    expect((await service.post('/api/licensing/token', { token })).status).toBe(200);
    const first = Math.floor(service.clock.now() / DAY_MS);
    await admit('anna', 'admin');
    await admit('bert');
    await daysPass(1);
    await admit('carl');
    await admit('dora');
    await daysPass(2);
    await renew();
    await daysPass(1);
    await renew();
    await renew();
    const register = issuerServer.running.application.nest.get(LicenseRegister);
    const use = await register.useOf(lid, 100);
    expect(use?.counts).toMatchObject({ users: 3, adminsAndEditors: 1, viewers: 2, headDay: first + 3 });
    const { days: ledger } = (
      await service.get(`/api/licensing/usage/history?from=${isoDay(first)}&to=${isoDay(first + 3)}`)
    ).body;
    expect(use?.counts.headHash).toBe(ledger.at(-1).hash);
    const numbers = ({ used, peak, denials, limit }: Record<string, unknown>) => [used, peak, denials, limit];
    expect(use?.days.map((day) => [isoDay(day.day), ...numbers({ ...day })])).toEqual(
      ledger.reverse().map((day: Record<string, unknown>) => [day.day, ...numbers(day)]),
    );
    expect(use?.days.map(({ used, denials }) => [used, denials])).toEqual([
      [3, 0],
      [3, 0],
      [3, 1],
      [2, 0],
    ]);
    expect((await service.get('/metrics')).text).toMatch(
      /licentia_usage_reports_total\{outcome="taken"\} 3\n/,
    );
  });
});
