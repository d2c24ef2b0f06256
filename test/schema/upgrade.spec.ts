import { LicenseRegister } from '../../src/issuer-server/licenses/license-register.js';
import { RenewalEntity } from '../../src/issuer-server/renewals/renewal.entity.js';
import { Database } from '../../src/database/database.js';
import { startService } from '../../src/service.js';
import { loadServiceConfig } from '../../src/config/service-config.js';
import { createLogger } from '../../src/http/logger.js';
import { operate, optionsOf, TestIssuerServer } from '../issuer-server/test-issuer-server.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { FakeClock } from '../support/fake-clock.js';
import { BOOTSTRAP_TOKEN } from '../support/service.js';
import { fill, PROGRAMS, RELEASES, type Shape, shapesOf } from './shape.js';

/** Of the fixtures, every one: a later one is an earlier one brought up to date. */
const ROOT_URL = 'https://licentia.example.com/app/';
const KEYS = {
  reader: 'licsa_51gYWqKinQyjMzJmZGL5RBAVoZAb3JjE_ca712098',
  writer: 'licsa_K3tKHIorTNIzM4QsWAk4SWWja0DBRvtH_84ae018c',
  revoked: 'licsa_Ts2oLYmuNlUIho8Tev56PTYx7winRods_b392fc63',
  expired: 'licsa_OJyFd618UzxalOr5afLyTX7Wexi0VSDx_755d154f',
  disabled: 'licsa_KxL84btWWP6h8SEY6McmxqPr5PlM2RYx_0225ee9d',
};
const STORED_JTI = '89b11358-128b-4096-8bd5-6d46a0969f0a';
const OPEN_ATTEMPT = 'd6c1f0de-3c3b-4c52-9d0a-6a0f3a1c2b77';
/** The rows are of November 2026; their license and its token end in 2126. */
const SOON_AFTER = Date.UTC(2027, 0, 1);

const [service, issuer] = PROGRAMS.map((program) => shapesOf(program)) as [Shape[], Shape[]];
const newestIssuer = issuer.at(-1) as Shape;
const newestService = service.at(-1) as Shape;

describe('After an upgrade', () => {
  let databases: TestDatabase[];

  beforeEach(async () => {
    databases = [await testDatabase('none'), await testDatabase('none')];
  });

  afterEach(async () => {
    for (const database of databases) await database.drop();
  });

  const shapeOf = (shapes: Shape[], name: string) =>
    shapes.find(({ migration }) => migration === name) as Shape;
  const releases = Object.entries(RELEASES).map(
    ([version, last]) =>
      [`both from ${version}`, shapeOf(service, last.service), shapeOf(issuer, last.issuer)] as const,
  );
  const pairs = [
    ...releases,
    ...service.map((shape) => [`the service from ${shape.migration}`, shape, newestIssuer] as const),
    ...issuer.map((shape) => [`the issuer from ${shape.migration}`, newestService, shape] as const),
  ];

  it.each(pairs)(
    'of %s the license is valid, callers are who they were, and it is renewed',
    async (_, mine, theirs) => {
      const [own, upstream] = databases as [TestDatabase, TestDatabase];
      await fill(mine, own);
      await fill(theirs, upstream);
      const clock = new FakeClock(SOON_AFTER);
      // A migration asks the server for the time, and the rows are of a later one.
      await operate(upstream, async (operator) => operator.confirmClock(), optionsOf(clock));
      const issuerServer = await TestIssuerServer.start(upstream, clock);
      const environment = {
        PORT: '0',
        DATABASE_URL: own.url,
        BOOTSTRAP_TOKEN,
        ROOT_URL,
        ISSUER_URL: issuerServer.running.url,
        ISSUER_ID: 'https://issuer.example.com',
        ISSUER_ALLOW_INSECURE_HTTP: 'true',
      };
      const running = await startService(loadServiceConfig(environment), createLogger('silent'), { clock });
      const call = async (method: string, path: string, token: string = KEYS.writer, body?: unknown) => {
        const response = await fetch(`${running.url}${path}`, {
          method,
          headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into it as they please
        return { status: response.status, body: (await response.json()) as any };
      };
      try {
        expect(await call('GET', '/api/licensing/check', KEYS.reader)).toEqual({ status: 200, body: true });
        expect((await call('GET', '/api/licensing/token')).body).toMatchObject({
          status: 1,
          jti: STORED_JTI,
          lid: 'license-valid',
          company: 'Example',
          included_users: 50,
        });
        for (const [name, code] of [
          ['revoked', 'api-key.revoked'],
          ['expired', 'api-key.expired'],
          ['disabled', 'identity.disabled'],
        ] as const) {
          const refused = await call('GET', '/api/licensing/check', KEYS[name]);
          expect([refused.status, refused.body.messageId]).toEqual([401, code]);
        }
        expect((await call('POST', '/api/licensing/token/renew', KEYS.reader, {})).status).toBe(403);

        const register = issuerServer.running.application.nest.get(LicenseRegister);
        const licenses = (await register.list()).map(({ license: { lid, status } }) => `${lid} ${status}`);
        expect(licenses).toEqual([
          'license-revoked revoked',
          'license-suspended suspended',
          'license-valid active',
        ]);

        // A new account, with an id after those that are there.
        const account = await call('POST', '/api/serviceaccounts', BOOTSTRAP_TOKEN, {
          name: 'after the upgrade',
        });
        expect([account.status, account.body.id]).toEqual([201, 4]);
        expect((await call('POST', '/api/serviceaccounts', BOOTSTRAP_TOKEN, { name: 'reader' })).status).toBe(
          409,
        );
        const tokens = (await call('GET', '/api/serviceaccounts/1/tokens', BOOTSTRAP_TOKEN)).body as {
          name: string;
        }[];
        expect(tokens.map(({ name }) => name).sort()).toEqual(['expired', 'in use', 'revoked']);

        // The attempt that was under way when the old release was killed goes on under its own id.
        const renewed = await call('POST', '/api/licensing/token/renew', KEYS.writer, {});
        expect([renewed.status, renewed.body.lid, renewed.body.status]).toEqual([200, 'license-valid', 1]);
        expect(renewed.body.jti).not.toBe(STORED_JTI);
        expect(await answeredAttempts(issuerServer)).toContain(OPEN_ATTEMPT);
        expect((await call('GET', '/api/licensing/check', KEYS.reader)).body).toBe(true);
      } finally {
        await running.application.close(0);
        await issuerServer.stop();
      }
    },
  );
});

/** The ids under which the issuer has answered a renewal. */
async function answeredAttempts({ running }: TestIssuerServer): Promise<string[]> {
  return running.application.nest
    .get(Database)
    .read(async (manager) => (await manager.find(RenewalEntity)).map(({ idempotencyKey }) => idempotencyKey));
}
