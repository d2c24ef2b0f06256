import { type TestDatabase, testDatabase } from '../../support/database.js';
import { TestService } from '../../support/service.js';
import { type RawAnswer, send } from '../http/raw-http.js';
import { TestPage } from './ui-stage.js';

const ADA = { name: 'ada', password: 'correct horse battery' };
const TLS = 'https://licenses.example.com';

/** What browsers send for pages that are not ours. */
const FOREIGN: readonly (readonly [page: string, headers: Readonly<Record<string, string>>])[] = [
  ['of another site', { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }],
  ['of a sub-domain', { Origin: 'https://www.example.com', 'Sec-Fetch-Site': 'same-site' }],
  ['in a sandbox, without an origin', { Origin: 'null', 'Sec-Fetch-Site': 'cross-site' }],
  ['of another site, in an old browser', { Origin: 'https://evil.example' }],
  ['in a sandbox, in an old browser', { Origin: 'null' }],
  ['of our site over plain HTTP', { Origin: 'http://licenses.example.com' }],
  ['of our host at another port', { Origin: `${TLS}:8443`, 'Sec-Fetch-Site': 'same-site' }],
  ['that is a link, or typed', { 'Sec-Fetch-Site': 'none' }],
  ['of another site, as an image', { 'Sec-Fetch-Site': 'cross-site' }],
  ['that says nothing, or a program', {}],
];

describe('A page that is not ours', () => {
  let database: TestDatabase;
  let service: TestService;
  let cookie = '';

  beforeAll(async () => {
    database = await testDatabase();
    service = await TestService.start(database, {
      ADMIN_USER: ADA.name,
      ADMIN_PASSWORD: ADA.password,
      ROOT_URL: `${TLS}/`,
    });
    const signedIn = await call('POST', '/ui/session', { Origin: TLS, 'Sec-Fetch-Site': 'same-origin' }, ADA);
    expect(signedIn.status).toBe(201);
    [cookie = ''] = String(signedIn.headers['set-cookie']).split(';');
  });

  afterAll(async () => {
    await service.stop();
    await database.drop();
  });

  /** A call of a browser that has the cookie, behind the proxy that ends TLS. */
  async function call(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body?: unknown,
    type = 'application/json',
  ): Promise<RawAnswer> {
    return send(service.url, {
      method,
      path,
      headers: {
        Host: 'licenses.example.com',
        ...(cookie === '' ? {} : { Cookie: cookie }),
        ...(body === undefined ? {} : { 'Content-Type': type }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  }

  it('is told from our own, whose cookie is for TLS and this host alone', async () => {
    expect(cookie).toMatch(/^__Host-licentia_session=[\w-]{43}$/);
    for (const own of [{ 'Sec-Fetch-Site': 'same-origin' }, { Origin: TLS }]) {
      expect((await call('GET', '/api/licensing/check', own)).status).toBe(200);
      expect(
        (await call('POST', '/api/serviceaccounts', own, { name: JSON.stringify(own).slice(2, 9) })).status,
      ).toBe(201);
    }
  });

  it.each(FOREIGN)('%s, reads nothing, changes nothing and signs nobody in or out', async (_, headers) => {
    const count = async () => (await service.get('/api/audit?limit=1000')).body.records.length as number;
    const before = await count();
    for (const [method, path, body] of [
      ['GET', '/api/licensing/check'],
      ['GET', '/ui/session'],
      ['GET', '/ui/sessions'],
      ['DELETE', '/ui/session'],
      ['POST', '/api/serviceaccounts', { name: 'by another page' }],
      ['POST', '/api/licensing/token/renew', {}],
      ['DELETE', '/api/licensing/token', { instance: `${TLS}/` }],
    ] as const) {
      const answer = await call(method, path, headers, body);
      expect([method, path, answer.status, answer.body.messageId]).toEqual([
        ...[method, path, 401, 'auth.unauthorized'],
      ]);
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }
    const signIn = await call('POST', '/ui/session', headers, ADA);
    expect([signIn.status, signIn.headers['set-cookie']]).toEqual([400, undefined]);
    expect(signIn.body.messageId).toMatch(/^session\.(foreign-origin|insecure)$/);
    expect(await count()).toBe(before);
  });

  it('gets no leave to send more than a form can', async () => {
    for (const path of ['/ui/session', '/api/licensing/token']) {
      const answer = await call('OPTIONS', path, {
        Origin: 'https://evil.example',
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'content-type',
      });
      expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([405, undefined]);
    }
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])(
    'sends a form as %s in vain, even with headers that no form has',
    async (type) => {
      const form = await call('POST', '/api/serviceaccounts', { Origin: 'null' }, '{"name":"a"}', type);
      expect(form.status).toBe(401);
      const own = await call('POST', '/api/serviceaccounts', { Origin: TLS }, '{"name":"a"}', type);
      expect([own.status, own.body.messageId]).toEqual([400, 'bad-request']);
      const signIn = await call('POST', '/ui/session', { Origin: TLS }, JSON.stringify(ADA), type);
      expect([signIn.status, signIn.body.messageId]).toEqual([400, 'bad-request']);
    },
  );

  it('cannot use a cookie that another host of the domain has set', async () => {
    const tossed = cookie.replace('__Host-', '');
    const answer = await call('GET', '/api/licensing/check', {
      'Sec-Fetch-Site': 'same-origin',
      Cookie: tossed,
    });
    expect(answer.status).toBe(401);
  });
});

describe('A page over plain HTTP from elsewhere', () => {
  it('gets no cookie, and goes on with a header', async () => {
    const database = await testDatabase();
    const service = await TestService.start(database, { ADMIN_USER: ADA.name, ADMIN_PASSWORD: ADA.password });
    try {
      const answer = await send(service.url, {
        method: 'POST',
        path: '/ui/session',
        headers: {
          Host: 'licenses.example.com:3000',
          Origin: 'http://licenses.example.com:3000',
          'Content-Type': 'application/json',
        },
        body: JSON.stringify(ADA),
      });
      expect([answer.status, answer.body.messageId]).toEqual([400, 'session.insecure']);
      expect(answer.headers['set-cookie']).toBeUndefined();
      const basic = Buffer.from(`${ADA.name}:${ADA.password}`).toString('base64');
      const shown = await new TestPage(service).call('GET', '/ui/session', undefined, {
        Authorization: `Basic ${basic}`,
      });
      expect(shown.body.caller).toEqual({ name: 'ada', kind: 'administrator' });
    } finally {
      await service.stop();
      await database.drop();
    }
  });
});
