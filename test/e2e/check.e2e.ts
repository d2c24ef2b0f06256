import { type TestDatabase, testDatabase } from '../support/database.js';
import { FakeIssuer } from '../support/fake-issuer/fake-issuer.js';
import { TestService } from '../support/service.js';

describe('GET /api/licensing/check', () => {
  let database: TestDatabase;
  let issuer: FakeIssuer;
  let service: TestService;

  beforeAll(async () => {
    database = await testDatabase();
    issuer = await FakeIssuer.start();
    service = await TestService.start(database, { ISSUER_URL: issuer.url });
  });

  afterAll(async () => {
    await service.stop();
    await issuer.stop();
    await database.drop();
  });

  it('is the bare JSON false without a license and true with a valid one', async () => {
    const without = await service.get('/api/licensing/check');
    expect([without.status, without.text, without.headers.get('content-length')]).toEqual([
      200,
      'false',
      '5',
    ]);
    expect(without.headers.get('content-type')).toBe('application/json');

    expect((await service.post('/api/licensing/token', { token: issuer.token() })).status).toBe(200);
    const withLicense = await service.get('/api/licensing/check');
    expect([withLicense.status, withLicense.text, withLicense.headers.get('content-length')]).toEqual([
      200,
      'true',
      '4',
    ]);
  });

  it('turns false at the very second in which the token expires, and the license stays', async () => {
    const exp = Math.floor(service.clock.now() / 1000) + 100;
    const iat = exp - 110;
    expect(
      (await service.post('/api/licensing/token', { token: issuer.token({ jti: 'short', iat, exp }) }))
        .status,
    ).toBe(200);
    service.clock.set((exp - 1) * 1000);
    expect((await service.get('/api/licensing/check')).body).toBe(true);
    service.clock.set(exp * 1000);
    expect((await service.get('/api/licensing/check')).body).toBe(false);
    const { body } = await service.get('/api/licensing/token');
    expect([body.status, body.jti]).toEqual([5, 'short']);
  });
});
