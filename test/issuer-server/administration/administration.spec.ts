import { type TestDatabase, testDatabase } from '../../support/database.js';
import { LicenseRegister } from '../../../src/issuer-server/licenses/license-register.js';
import { INSTANCE, type Reply, TestIssuerServer } from '../test-issuer-server.js';

const ADMIN_TOKEN = 'an-admin-token-of-this-test-0123456789';

describe('The administration of a running issuer', () => {
  let database: TestDatabase;
  let issuerServer: TestIssuerServer;

  beforeAll(async () => {
    database = await testDatabase('issuer');
    issuerServer = await TestIssuerServer.start(database, undefined, { ISSUER_ADMIN_TOKEN: ADMIN_TOKEN });
  });

  afterAll(async () => {
    await issuerServer.stop();
    await database.drop();
  });

  async function call(method: string, path: string, body?: unknown, token = ADMIN_TOKEN): Promise<Reply> {
    const response = await fetch(`${issuerServer.running.url}/v1/admin${path}`, {
      method,
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { status: response.status, headers: response.headers, body: await response.json() };
  }

  it('issues, changes, suspends, resumes, prolongs and revokes a license that instances renew meanwhile', async () => {
    const terms = {
      ...{ sub: INSTANCE, lid: 'L-1', company: 'Example', included_users: 5, usage_billing: true },
      ...{ anonymousRatio: 3, max_concurrent_user_sessions: 2, seat_policy: { leave: 'free' } },
    };
    const issued = await call('POST', '/licenses', terms);
    expect([issued.status, issued.body.license]).toEqual([
      200,
      expect.objectContaining({ ...terms, status: 'active', warning: null }),
    ]);
    const { token } = issued.body;
    expect((await issuerServer.renew({ token })).status).toBe(200);
    const changed = await call('PATCH', '/licenses/L-1', { included_users: 8, company: null });
    expect(changed.body).toMatchObject({ changed: true, license: { included_users: 8, company: null } });
    expect((await call('PATCH', '/licenses/L-1', { included_users: 8 })).body.changed).toBe(false);
    expect((await call('POST', '/licenses/L-1/suspend')).body.license.status).toBe('suspended');
    expect((await issuerServer.renew({ token })).status).toBe(403);
    expect((await call('POST', '/licenses/L-1/resume', {})).body.license.status).toBe('active');
    const until = issued.body.license.lexp + 86_400;
    const prolongations = [1, 2].map(async () => call('POST', '/licenses/L-1/prolong', { until }));
    for (const { body } of await Promise.all(prolongations)) expect(body.license.lexp).toBe(until);
    const given = await call('POST', '/licenses/L-1/token');
    expect(given.body).toMatchObject({ license: { lid: 'L-1' }, token: expect.stringMatching(/^ey/) });
    expect((await call('POST', '/licenses/L-1/revoke')).body.license.status).toBe('revoked');
    expect((await issuerServer.renew({ token })).status).toBe(410);
    const { body } = await call('GET', '/licenses/L-1/history');
    expect(body.events.at(-1)).toMatchObject({ kind: 'revoked', actor: 'admin token from 127.0.0.1' });
    expect((await call('GET', '/licenses')).body.licenses).toContainEqual(
      expect.objectContaining({ lid: 'L-1' }),
    );
    expect((await call('GET', '/licenses/L-1')).body.license).toMatchObject({ lid: 'L-1', usage: null });
    expect((await call('GET', '/usage')).body.licenses).toContainEqual(
      expect.objectContaining({ lid: 'L-1', usage: null }),
    );
  });

  it('issues once when a call is repeated after a lost answer, also at the same time', async () => {
    const terms = { sub: INSTANCE, lid: 'L-2' };
    const replies = await Promise.all([1, 2, 3].map(async () => call('POST', '/licenses', terms)));
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(new Set(replies.map(({ body }) => body.token as string)).size).toBe(1);
    expect(await call('POST', '/licenses', { ...terms, company: 'Other' })).toMatchObject({
      status: 409,
      body: { code: 'conflict', field: 'lid' },
    });
    const register = issuerServer.running.application.nest.get(LicenseRegister);
    const events = await register.historyOf('L-2');
    expect(events.filter(({ kind }) => kind === 'issued')).toHaveLength(1);
  });

  it('rotates the signing key', async () => {
    const added = await call('POST', '/keys', { algorithm: 'EdDSA' });
    const { kid } = added.body.key;
    expect(added.body.key).toMatchObject({ state: 'published', alg: 'EdDSA' });
    expect(await call('POST', `/keys/${kid}/activate`)).toMatchObject({
      status: 409,
      body: { code: 'conflict' },
    });
    const active = await call('POST', `/keys/${kid}/activate`, { force: true });
    expect(active.body.key.state).toBe('active');
    const [, former] = (await call('GET', '/keys')).body.keys;
    expect((await call('POST', `/keys/${former.kid}/retire`)).status).toBe(409);
    const retired = await call('POST', `/keys/${former.kid}/retire`, { force: true });
    expect(retired.body).toMatchObject({ key: { state: 'retired' }, file: null });
    expect(JSON.stringify(retired.body)).not.toContain('"d"');
  });

  it.each<[string, string, unknown, number, object]>([
    ['POST', '/licenses', { sub: 'x' }, 400, { code: 'invalid_terms', field: 'sub' }],
    ['POST', '/licenses', {}, 400, { messageId: 'bad-request', error: 'sub must be a string' }],
    [
      'POST',
      '/licenses',
      { sub: INSTANCE, included_users: '5' },
      400,
      { error: 'included_users must be a whole number from 0 to 2147483647' },
    ],
    [
      'POST',
      '/licenses',
      { sub: INSTANCE, users: 5 },
      400,
      { error: 'users is not a member of this request' },
    ],
    ['POST', '/licenses', { sub: INSTANCE, lid: 'a b' }, 400, { field: 'lid' }],
    ['POST', '/licenses', { sub: INSTANCE, company: ' A' }, 400, { field: 'company' }],
    ['POST', '/licenses', { sub: INSTANCE, prod: ['a,b'] }, 400, { field: 'prod' }],
    ['POST', '/licenses', { sub: INSTANCE, prod: [5] }, 400, { error: 'prod must be an array of strings' }],
    [
      'POST',
      '/licenses',
      { sub: INSTANCE, seat_policy: { mode: 'strict' } },
      400,
      { code: 'invalid_terms', field: 'seat_policy.mode' },
    ],
    ['POST', '/licenses', '{"sub":"a","sub":"b"}', 400, { messageId: 'bad-request' }],
    ['POST', '/licenses', `{"sub":"${'x'.repeat(70_000)}"}`, 413, { messageId: 'request.too-large' }],
    ['PATCH', '/licenses/L-2', {}, 400, { messageId: 'bad-request' }],
    ['PATCH', '/licenses/L-2', { lexp: 1 }, 400, { code: 'invalid_terms', field: 'lexp' }],
    ['POST', '/licenses/L-2/prolong', {}, 400, { messageId: 'bad-request' }],
    ['POST', '/licenses/nothing/revoke', {}, 404, { code: 'license_unknown' }],
    ['GET', '/licenses/nothing', undefined, 404, { code: 'license_unknown' }],
    ['GET', '/licenses/%00', undefined, 404, { code: 'license_unknown' }],
    ['GET', '/licenses/%00/history', undefined, 404, { code: 'license_unknown' }],
    ['POST', '/licenses/a%00/suspend', {}, 404, { code: 'license_unknown' }],
    ['POST', '/keys/%00/activate', {}, 404, { code: 'key_unknown' }],
    ['POST', '/keys/nothing/activate', {}, 404, { code: 'key_unknown' }],
    ['POST', '/keys', { file: '/etc/passwd' }, 400, { messageId: 'bad-request' }],
  ])('answers %s %s with %j as it is wrong', async (method, path, body, status, expected) => {
    expect(await call(method, path, body)).toMatchObject({ status, body: expected });
  });

  it('refuses wrong tokens with 401, then 429, and never the right one', async () => {
    const statuses = [];
    for (let tries = 0; tries < 12; tries += 1)
      statuses.push((await call('GET', '/licenses', undefined, `${ADMIN_TOKEN}x`)).status);
    expect(statuses).toEqual([...Array<number>(10).fill(401), 429, 429]);
    expect((await call('GET', '/licenses')).status).toBe(200);
    issuerServer.clock.advance(60_000);
    const refused = await call('POST', '/licenses', { sub: INSTANCE }, 'wrong');
    expect([refused.status, refused.headers.get('WWW-Authenticate')]).toEqual([401, 'Bearer']);
  });
});

describe('An issuer without ISSUER_ADMIN_TOKEN', () => {
  it('has no such routes', async () => {
    const database = await testDatabase('issuer');
    const issuerServer = await TestIssuerServer.start(database);
    try {
      for (const method of ['GET', 'PUT']) {
        const { status } = await fetch(`${issuerServer.running.url}/v1/admin/licenses`, { method });
        expect(status).toBe(404);
      }
    } finally {
      await issuerServer.stop();
      await database.drop();
    }
  });
});
