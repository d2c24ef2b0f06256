import { request } from 'node:http';
import { type TestDatabase, testDatabase } from '../../support/database.js';
import { FakeIssuer } from '../../support/fake-issuer/fake-issuer.js';
import { TestService } from '../../support/service.js';
import type { Overrides } from '../../support/tokens.js';

/** The tokens of the page: one for the check and the removal, another for the renewal. */
const READING_TOKEN = 'eyJrIjoiT0tTcG1pUlY2RnVKZTFVaDFsNFZXdE9ZWmNrMkZYbk';
const RENEWING_TOKEN = 'eyJrIjoiTOtTcG1pUlY2RnVKZTFVaDFsNFZXdE9ZWmNrMkZYbk';

interface RawReply {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** Sends exactly these headers, as the page shows them. */
async function send(
  url: string,
  method: string,
  headers: Record<string, string>,
  body?: string,
): Promise<RawReply> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) };
    request(url, { method, headers: { ...headers, ...length } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode, headers: response.headers, text });
      });
    })
      .on('error', reject)
      .end(body);
  });
}

describe('the examples of the documentation page', () => {
  let database: TestDatabase;
  let issuer: FakeIssuer;
  let service: TestService;

  const start = async (token: string, rootUrl: string) => {
    service = await TestService.start(database, {
      BOOTSTRAP_TOKEN: token,
      ROOT_URL: rootUrl,
      ISSUER_ID: 'https://grafana.com',
      ISSUER_RENEW_URL: `${issuer.url}/v1/licenses/renew`,
      ISSUER_JWKS_URL: `${issuer.url}/.well-known/jwks.json`,
    });
  };
  /** A license such as the page's. */
  const license = (claims: Overrides) =>
    issuer.token({
      iss: 'https://grafana.com',
      lid: '1',
      jti: '1',
      included_admins: 5,
      included_viewers: 10,
      company: 'Grafana Labs',
      ...claims,
    });
  const install = async (token: string, sub: string) => {
    const reply = await service.post('/api/licensing/token', { token: license({ sub }) }, { token });
    expect([reply.status, reply.body.status]).toEqual([200, 1]);
  };

  beforeEach(async () => {
    database = await testDatabase();
    issuer = await FakeIssuer.start();
  });

  afterEach(async () => {
    await service.stop();
    await issuer.stop();
    await database.drop();
  });

  it('check: 200, application/json, 4 bytes: true', async () => {
    await start(READING_TOKEN, 'http://play.grafana.org/');
    await install(READING_TOKEN, 'http://play.grafana.org/');
    const reply = await send(`${service.url}/api/licensing/check`, 'GET', {
      Accept: 'application/json',
      Authorization: `Bearer ${READING_TOKEN}`,
    });
    expect(reply.status).toBe(200);
    expect(reply.headers['content-type']).toBe('application/json');
    expect(reply.headers['content-length']).toBe('4');
    expect(reply.text).toBe('true');
  });

  it('renew: 200, application/json, and the eleven members of the page with its values', async () => {
    await start(RENEWING_TOKEN, 'https://play.grafana.org/');
    await install(RENEWING_TOKEN, 'https://play.grafana.org/');
    const iat = Math.floor(Date.now() / 1000) - 10;
    issuer.answerRenewals({
      status: 200,
      body: { token: license({ sub: 'https://play.grafana.org/', jti: '2', iat }) },
    });
    const headers = {
      Accept: 'application/json',
      'Content-Type': 'application/json',
      Authorization: `Bearer ${RENEWING_TOKEN}`,
    };
    const reply = await send(`${service.url}/api/licensing/token/renew`, 'POST', headers, '{}');
    expect(reply.status).toBe(200);
    expect(reply.headers['content-type']).toBe('application/json');
    expect(JSON.parse(reply.text)).toMatchObject({
      jti: '2',
      iss: 'https://grafana.com',
      sub: 'https://play.grafana.org/',
      lid: '1',
      included_admins: 5,
      included_viewers: 10,
      lic_exp_warn_days: 30,
      tok_exp_warn_days: 2,
      update_days: 1,
      prod: ['grafana-enterprise'],
      company: 'Grafana Labs',
    });
    expect(issuer.renewals).toHaveLength(1);
    expect(JSON.stringify(issuer.requests)).not.toContain(RENEWING_TOKEN);
  });

  it('remove: 202, application/json, 2 bytes: {}', async () => {
    await start(READING_TOKEN, 'http://play.grafana.org/');
    await install(READING_TOKEN, 'http://play.grafana.org/');
    const headers = {
      Accept: 'application/json',
      'Content-Type': 'application/json',
      Authorization: `Bearer ${READING_TOKEN}`,
    };
    const body = '{"instance": "http://play.grafana.org/"}';
    const reply = await send(`${service.url}/api/licensing/token`, 'DELETE', headers, body);
    expect(reply.status).toBe(202);
    expect(reply.headers['content-type']).toBe('application/json');
    expect(reply.headers['content-length']).toBe('2');
    expect(reply.text).toBe('{}');
    expect((await service.get('/api/licensing/check', { token: READING_TOKEN })).text).toBe('false');
    // The page: "license removed or did not exist".
    const again = await send(`${service.url}/api/licensing/token`, 'DELETE', headers, body);
    expect([again.status, again.text]).toEqual([202, '{}']);
  });

  it('the failures that the page lists: 401, 403 and 422', async () => {
    await start(READING_TOKEN, 'http://play.grafana.org/');
    const call = async (method: string, path: string, token: string | null, body?: unknown) =>
      (await service.call(method, `/api/licensing/${path}`, { token, body })).status;
    const nobody = await service.post('/api/serviceaccounts', { name: 'nobody' }, { token: READING_TOKEN });
    const { key } = (
      await service.post(
        `/api/serviceaccounts/${nobody.body.id}/tokens`,
        { name: 'a' },
        { token: READING_TOKEN },
      )
    ).body as { key: string };
    const instance = 'http://play.grafana.org/';
    expect(await call('POST', 'token/renew', null, {})).toBe(401);
    expect(await call('POST', 'token/renew', RENEWING_TOKEN, {})).toBe(401);
    expect(await call('POST', 'token/renew', key, {})).toBe(403);
    expect(await call('DELETE', 'token', null, { instance })).toBe(401);
    expect(await call('DELETE', 'token', key, { instance })).toBe(403);
    expect(await call('DELETE', 'token', READING_TOKEN, { instance: 'https://play.grafana.org/' })).toBe(422);
  });
});
