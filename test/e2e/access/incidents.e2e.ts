import { FakeIssuer } from '../../support/fake-issuer/fake-issuer.js';
import { type TestDatabase, testDatabase } from '../../support/database.js';
import { openApi, operations } from '../../support/openapi.js';
import { BOOTSTRAP_TOKEN, TestService } from '../../support/service.js';
import { send } from '../http/raw-http.js';

const LICENSING_READER = 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE';
const AUDITOR = 'fixed_7TWFM5h6TBrufwb5MMIRPDiqGyM';
const ACCOUNTS_WRITER = 'fixed_iBvUNUEZBZ7PUW0vdkN5iojc2sk';
const PASSWORD = 'the password of the incidents';
const SIGNED = operations().filter(({ requiredAction }) => requiredAction !== 'none');
const WITH_IDS = SIGNED.filter(({ path }) => /^\/(api|ui)\/.*\{(id|tokenId|uid|roleUid)\}/.test(path));

describe('Incidents of the field do not happen here:', () => {
  let database: TestDatabase;
  let issuer: FakeIssuer;
  let service: TestService;

  beforeAll(async () => {
    [database, issuer] = [await testDatabase(), await FakeIssuer.start()];
    const administrator = { ADMIN_USER: 'ada', ADMIN_PASSWORD: PASSWORD };
    service = await TestService.start(database, { ISSUER_URL: issuer.url, ...administrator });
  });

  afterAll(async () => {
    await service.stop();
    await issuer.stop();
    await database.drop();
  });

  const raw = async (method: string, path: string, authorization?: string, more = {}) =>
    send(service.url, {
      ...{ method, path, documented: false },
      headers: { ...(authorization === undefined ? {} : { Authorization: authorization }), ...more },
    });

  it('a cache keyed too coarsely: tokens of one account, and accounts with equal tokens, keep apart', async () => {
    const wide = await service.caller(LICENSING_READER);
    const maker = await service.caller(ACCOUNTS_WRITER, LICENSING_READER);
    const auditor = await service.caller(AUDITOR);
    const { body } = await service.post(
      `/api/serviceaccounts/${wide.id}/tokens`,
      { name: 'of a maker' },
      { token: maker.token },
    );
    for (const roleUid of [ACCOUNTS_WRITER, AUDITOR])
      await service.post(`/api/access-control/users/${wide.id}/roles`, { roleUid });
    const expected: [string, string, number][] = [
      [wide.token, '/api/licensing/check', 200],
      [auditor.token, '/api/licensing/check', 403],
      [wide.token, '/api/serviceaccounts/search', 200],
      [body.key as string, '/api/serviceaccounts/search', 200],
      [auditor.token, '/api/audit/seal', 200],
      [wide.token, '/api/audit/seal', 200],
      [body.key as string, '/api/audit/seal', 403],
      [auditor.token, '/api/serviceaccounts/search', 403],
      [maker.token, '/api/audit/seal', 403],
    ];
    for (let round = 0; round < 5; round += 1) {
      const statuses = await Promise.all(
        expected.map(async ([token, path]) => (await service.get(path, { token })).status),
      );
      expect(statuses).toEqual(expected.map(([, , status]) => status));
    }
  });

  it('an action checked but not its scope: no scope is taken, so none can be forgotten', async () => {
    for (const scope of ['license:L-1', '*', 'global', 7, null]) {
      const role = { name: `custom:${String(scope)}x`, permissions: [{ action: 'licensing:read', scope }] };
      const reply = await service.post('/api/access-control/roles', role);
      expect([reply.status, reply.body.messageId]).toEqual([400, 'bad-request']);
    }
  });

  it.each(SIGNED)(
    'a path spelled otherwise: $method $path is 404 with a double slash, a dot or an escape',
    async ({ method, path }) => {
      const concrete = path.replaceAll(/\{\w+\}/g, '1');
      const spellings = [
        `/${concrete}`,
        concrete.replace(/^\/(\w+)\//, '/$1//'),
        concrete.replace(/^\/(\w+)\//, '/$1/./'),
        concrete.replace(/^\/(\w+)\//, '/$1%2F'),
        concrete.replace(/^\/(\w+)\//, '/$1/x/../'),
        `${concrete}/`,
        concrete.toUpperCase(),
      ];
      for (const spelling of spellings) {
        for (const authorization of [undefined, `Bearer ${BOOTSTRAP_TOKEN}`]) {
          const answer = await raw(method, spelling, authorization);
          expect([spelling, answer.status]).toEqual([spelling, 404]);
        }
      }
    },
  );

  it.each(WITH_IDS)(
    'a star or a coerced text for an id: $method $path is 400, and 401 for strangers',
    async ({ method, path }) => {
      const coerced = path.includes('{id}')
        ? ['*', '01', '1e0', '0x1', '%201', '1%20', 'true', 'null']
        : ['*', '%2A', '%20'];
      const hasBody = openApi.paths[path]?.[method.toLowerCase() as 'post']?.requestBody !== undefined;
      for (const id of coerced) {
        const concrete = path.replaceAll(/\{\w+\}/g, id);
        const stranger = await raw(method, concrete);
        expect([concrete, stranger.status]).toEqual([concrete, 401]);
        const answer = await service.call(method, concrete, hasBody ? { body: {} } : {});
        expect([concrete, answer.status, answer.body.messageId]).toEqual([concrete, 400, 'bad-request']);
      }
    },
  );

  it.each(SIGNED)('a token in the query: $method $path does not read it', async ({ method, path }) => {
    const concrete = path.replaceAll(/\{\w+\}/g, '1');
    for (const name of [
      'access_token',
      'token',
      'api_key',
      'apiKey',
      'auth',
      'Authorization',
      'auth_token',
    ]) {
      const answer = await raw(method, `${concrete}?${name}=${BOOTSTRAP_TOKEN}`);
      expect([name, answer.status, answer.body.messageId]).toEqual([name, 401, 'auth.unauthorized']);
    }
    const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const body = `access_token=${BOOTSTRAP_TOKEN}`;
    if (method === 'POST') {
      const answer = await send(service.url, {
        method,
        path: concrete,
        headers: form,
        body,
        documented: false,
      });
      expect(answer.status).toBe(401);
    }
  });

  it('credentials forwarded upstream: the issuer gets neither header, cookie nor address of the caller', async () => {
    await service.post('/api/licensing/token', { token: issuer.token() });
    const before = issuer.requests.length;
    const reply = await service.post(
      '/api/licensing/token/renew',
      {},
      {
        headers: {
          Cookie: 'session=secret-of-a-cookie',
          'X-Forwarded-For': '192.0.2.77',
          'X-Api-Key': 'secret-of-a-header',
          Referer: 'http://secret-of-a-referer/',
        },
      },
    );
    expect(reply.status).toBe(200);
    const sent = issuer.requests.slice(before);
    expect(sent.length).toBeGreaterThan(0);
    const text = JSON.stringify(sent);
    for (const secret of [BOOTSTRAP_TOKEN, 'secret-of-a', '192.0.2.77']) expect(text).not.toContain(secret);
    expect(text.toLowerCase()).not.toContain('"cookie"');
  });

  it('user enumeration: a wrong password of a name that exists answers as one of a name that does not', async () => {
    const answers = await Promise.all(
      [
        ['ada', 'wrong'],
        ['nobody', 'wrong'],
        ['', 'wrong'],
        ['ada', ''],
      ].map(async ([name, password], index) => {
        const credentials = Buffer.from(`${name}:${password}`).toString('base64');
        const answer = await send(service.url, {
          ...{ method: 'GET', path: '/api/licensing/check', from: `127.0.1.${index + 1}` },
          headers: { Authorization: `Basic ${credentials}` },
        });
        const { 'x-request-id': _, date: __, ...headers } = answer.headers;
        return { status: answer.status, headers, body: answer.body as unknown };
      }),
    );
    expect(answers[0]).toMatchObject({ status: 401, body: { messageId: 'password-auth.failed' } });
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  });
});
