import { loadServiceConfig } from '../../../src/config/service-config.js';
import { createLogger } from '../../../src/http/logger.js';
import { type RunningService, startService } from '../../../src/service.js';
import { type TestDatabase, testDatabase } from '../../support/database.js';
import { BOOTSTRAP_TOKEN } from '../../support/service.js';
import { INSTANCE, ISSUER_ID, TestIssuerServer } from '../test-issuer-server.js';

describe('A service whose license the vendor changes', () => {
  let databases: TestDatabase[];
  let issuerServer: TestIssuerServer;
  let service: RunningService;

  beforeAll(async () => {
    databases = [await testDatabase('service'), await testDatabase('issuer')];
    const [own, upstream] = databases as [TestDatabase, TestDatabase];
    issuerServer = await TestIssuerServer.start(upstream);
    const environment = {
      PORT: '0',
      DATABASE_URL: own.url,
      BOOTSTRAP_TOKEN,
      ROOT_URL: INSTANCE,
      ISSUER_URL: issuerServer.running.url,
      ISSUER_ID,
      ISSUER_ALLOW_INSECURE_HTTP: 'true',
      AUTO_REFRESH_LICENSE: 'false',
      INSTALL_REQUIRE_ACKNOWLEDGE: 'true',
    };
    service = await startService(loadServiceConfig(environment), createLogger('silent'), {
      clock: issuerServer.clock,
    });
  });

  afterAll(async () => {
    await service.application.close(0);
    await issuerServer.stop();
    for (const database of databases) await database.drop();
  });

  async function call(method: string, path: string, body?: unknown) {
    const response = await fetch(`${service.url}/api/licensing${path}`, {
      method,
      headers: { Authorization: `Bearer ${BOOTSTRAP_TOKEN}`, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into it as they please
    return { status: response.status, body: (await response.json()) as any };
  }

  it('takes more and fewer seats, other products and an earlier end with its next renewal, without an upload', async () => {
    const { issuer } = issuerServer.running;
    const { token, lid } = await issuerServer.issued({ includedUsers: 50 });
    expect((await call('POST', '/token', { token })).status).toBe(200);
    for (const [change, expected] of [
      [{ includedUsers: 80 }, { included_users: 80 }],
      [{ includedUsers: 10, products: ['reports', 'grafana-enterprise'] }, { included_users: 10 }],
      [{ expires: issuerServer.now + 86_400, company: 'Example' }, { company: 'Example' }],
    ] as const) {
      await issuer.change(lid, change);
      const renewed = await call('POST', '/token/renew', {});
      expect([renewed.status, renewed.body]).toEqual([
        200,
        expect.objectContaining({ ...expected, lid, status: 1 }),
      ]);
      expect((await call('GET', '/check')).body).toBe(true);
      expect((await call('GET', '/token')).body).toMatchObject(expected);
    }
  });

  it('keeps what it has where the change takes its own product away, and says so', async () => {
    const { issuer } = issuerServer.running;
    const { body: before } = await call('GET', '/token');
    await issuer.change(before.lid, { products: ['reports'] });
    const renewed = await call('POST', '/token/renew', {});
    expect([renewed.status, renewed.body.messageId]).toEqual([502, 'issuer.bad-response']);
    expect((await call('GET', '/token')).body).toMatchObject({ jti: before.jti });
    expect((await call('GET', '/check')).body).toBe(true);
  });
});
