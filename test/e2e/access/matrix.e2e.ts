import { EVERYTHING, FIXED_ROLES } from '../../access/fixed-roles.js';
import { createServiceAccountToken } from '../../../src/access/service-account-token.js';
import { type TestDatabase, testDatabase } from '../../support/database.js';
import { actionsIn, letsIn, openApi, operations, type OperationSummary } from '../../support/openapi.js';
import { BOOTSTRAP_TOKEN, type Reply, TestService } from '../../support/service.js';

const PASSWORD = 'the password of the matrix';
const READER = 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE';
const ADMINISTRATOR = 'basic_grafana_admin';

/** All callers who are let in, with the actions that they hold. */
const CALLERS: readonly { readonly caller: string; readonly actions: readonly string[] }[] = [
  ...FIXED_ROLES.map(({ name, actions }) => ({ caller: name, actions })),
  ...EVERYTHING.map((action) => ({ caller: `a holder of ${action} alone`, actions: [action] })),
  { caller: 'nobody in particular', actions: [] },
  { caller: 'the bootstrap token', actions: EVERYTHING },
  { caller: 'the administrator', actions: EVERYTHING },
];

/** All callers who are not let in, although one of them held every action, and what they are told. */
const STRANGERS = [
  { caller: 'a caller without credentials', message: 'Unauthorized', messageId: 'auth.unauthorized' },
  { caller: 'an unknown token', message: 'Invalid API key', messageId: 'api-key.invalid' },
  { caller: 'an expired token', message: 'Expired API key', messageId: 'api-key.expired' },
  { caller: 'a revoked token', message: 'Revoked API key', messageId: 'api-key.revoked' },
  { caller: 'a disabled account', message: 'Unauthorized', messageId: 'identity.disabled' },
  {
    caller: 'a wrong password',
    message: 'Invalid username or password',
    messageId: 'password-auth.failed',
  },
] as const;

const MATRIX = CALLERS.flatMap(({ caller, actions }) =>
  operations().map((operation) => ({
    caller,
    operation,
    name: `${operation.method} ${operation.path}`,
    allowed: letsIn(operation.requiredAction, actions),
  })),
);

/**
 * A request that gets past the guard and changes nothing: no id is 0, and no body is `{}` but the one of a renewal,
 * which finds no license. No subject has no name, and no session is called 0. Nobody but a page signs in.
 */
function harmless({ method, path }: OperationSummary): { path: string; body?: object; success: number } {
  const concrete = path.replaceAll(/\{\w+\}/g, '0');
  const body = openApi.paths[path]?.[method.toLowerCase() as 'post']?.requestBody;
  const success = path.endsWith('/auth/keys')
    ? 410
    : /\/(renew|rehearse|rollback|reload)$/.test(path) ||
        /\/access-control\/roles\/0 (GET|DELETE)$/.test(`${concrete} ${method}`)
      ? 404
      : method === 'GET'
        ? path === concrete && !path.endsWith('/usage/explain')
          ? 200
          : 400
        : method === 'DELETE' && path.includes('/usage/sessions/')
          ? 200
          : method === 'DELETE' && path === '/ui/session'
            ? 204
            : 400;
  return { path: concrete, success, ...(body === undefined ? {} : { body: {} }) };
}

describe('The matrix of roles and operations', () => {
  let database: TestDatabase;
  let service: TestService;
  const authorizations = new Map<string, string>();

  beforeAll(async () => {
    database = await testDatabase();
    service = await TestService.start(database, { ADMIN_USER: 'admin', ADMIN_PASSWORD: PASSWORD });
    for (const { name, uid } of FIXED_ROLES) {
      authorizations.set(name, `Bearer ${(await service.caller(uid)).token}`);
    }
    await Promise.all(EVERYTHING.map(holderOf));
    await makeStrangers();
    authorizations.set('nobody in particular', `Bearer ${(await service.caller()).token}`);
    authorizations.set('the bootstrap token', `Bearer ${BOOTSTRAP_TOKEN}`);
    authorizations.set('the administrator', `Basic ${Buffer.from(`admin:${PASSWORD}`).toString('base64')}`);
  });

  afterAll(async () => {
    await service.stop();
    await database.drop();
  });

  async function holderOf(action: string): Promise<void> {
    const uid = action.replaceAll(/\W/g, '-');
    const permissions = [{ action }];
    await service.post('/api/access-control/roles', { uid, name: `custom:${action}`, permissions });
    authorizations.set(`a holder of ${action} alone`, `Bearer ${(await service.caller(uid)).token}`);
  }

  async function makeStrangers(): Promise<void> {
    const wrong = Buffer.from('admin:a wrong password of the matrix').toString('base64');
    authorizations.set('a wrong password', `Basic ${wrong}`);
    authorizations.set('an unknown token', `Bearer ${createServiceAccountToken()}`);
    const { id } = await service.caller(ADMINISTRATOR);
    const body = { name: 'short', secondsToLive: 60 };
    const { key } = (await service.post(`/api/serviceaccounts/${id}/tokens`, body)).body;
    service.clock.advance(60_000);
    authorizations.set('an expired token', `Bearer ${key}`);
    const revoked = await service.caller(ADMINISTRATOR);
    const path = `/api/serviceaccounts/${revoked.id}/tokens/${revoked.tokenId}`;
    await service.call('PATCH', path, { body: { isRevoked: true } });
    authorizations.set('a revoked token', `Bearer ${revoked.token}`);
    const disabled = await service.caller(ADMINISTRATOR);
    await service.call('PATCH', `/api/serviceaccounts/${disabled.id}`, { body: { isDisabled: true } });
    authorizations.set('a disabled account', `Bearer ${disabled.token}`);
  }

  async function call(
    method: string,
    path: string,
    caller: string | undefined,
    body?: object,
  ): Promise<Reply> {
    const authorization = caller === undefined ? undefined : authorizations.get(caller);
    if (caller !== undefined && authorization === undefined) throw new Error(`there is no ${caller}`);
    return service.call(method, path, {
      token: null,
      ...(body === undefined ? {} : { body }),
      ...(authorization === undefined ? {} : { headers: { Authorization: authorization } }),
    });
  }

  function expectDenied(reply: Reply, action: string): void {
    expect([reply.status, reply.text.slice(0, 17)]).toEqual([403, '{"accessErrorId":']);
    expect(reply.body).toEqual({
      accessErrorId: expect.stringMatching(/^ACE\d{10}$/),
      message: `You'll need additional permissions to perform this action. Permissions needed: ${action}`,
      title: 'Access denied',
    });
    expect(reply.headers.get('content-type')).toBe('application/json; charset=utf-8');
  }

  it('has a column for every action that an operation needs', () => {
    const needed = operations().flatMap(({ requiredAction }) => actionsIn(requiredAction));
    expect(needed.filter((action) => !EVERYTHING.includes(action))).toEqual([]);
    expect(MATRIX.filter(({ allowed }) => allowed).length).toBeGreaterThan(0);
    expect(MATRIX.filter(({ allowed }) => !allowed).length).toBeGreaterThan(0);
  });

  it.each(MATRIX)('$caller calls $name: allowed is $allowed', async ({ caller, operation, allowed }) => {
    const { path, body, success } = harmless(operation);
    const reply = await call(operation.method, path, caller, body);
    if (allowed) expect(reply.status).toBe(success);
    else expectDenied(reply, operation.requiredAction);
    if (operation.method === 'GET') {
      const answer = await call('HEAD', path, caller);
      expect([answer.status, answer.text]).toEqual([reply.status, '']);
    }
  });

  const strange = STRANGERS.flatMap((stranger) =>
    operations().map((operation) => ({ ...operation, ...stranger })),
  );
  it.each(strange)(
    '$caller calls $method $path: 401 $messageId, unless it is open to all',
    async ({ caller, message, messageId, ...operation }) => {
      const { path, body, success } = harmless(operation);
      const known = caller === 'a caller without credentials' ? undefined : caller;
      const reply = await call(operation.method, path, known, body);
      if (operation.requiredAction === 'none') {
        expect(reply.status).toBe(success);
      } else {
        expect([reply.status, reply.body]).toEqual([
          401,
          { message, messageId, statusCode: 401, traceID: '' },
        ]);
      }
    },
  );

  it.each(Object.keys(openApi.paths))(
    '%s refuses every other method of every caller with 405',
    async (path) => {
      const known = operations().filter((operation) => operation.path === path);
      const concrete = path.replaceAll(/\{\w+\}/g, '1');
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
        if (known.some((operation) => operation.method === method)) continue;
        for (const caller of [undefined, 'nobody in particular', 'the bootstrap token']) {
          const reply = await call(method, concrete, caller);
          expect([method, reply.status, reply.body.messageId]).toEqual([method, 405, 'method-not-allowed']);
        }
      }
    },
  );

  it('refuses an install with the token of a reader and any body, and stores nothing', async () => {
    const { token } = await service.caller(READER);
    for (const body of [{ token: 'a.b.c' }, { token: 1 }, 'no JSON']) {
      expectDenied(await service.post('/api/licensing/token', body, { token }), 'licensing:write');
    }
    expect((await service.get('/api/licensing/token', { token })).body.status).toBe(4);
  });

  it('gives every refusal an id of its own', async () => {
    const replies = await Promise.all(
      Array.from({ length: 20 }, () => call('GET', '/api/licensing/check', 'nobody in particular')),
    );
    expect(new Set(replies.map(({ body }) => body.accessErrorId)).size).toBe(20);
  });

  it('grants nothing for the basic role of an account', async () => {
    const { body: account } = await service.post('/api/serviceaccounts', {
      name: 'admin by name',
      role: 'Admin',
    });
    const { body } = await service.post(`/api/serviceaccounts/${account.id}/tokens`, { name: 'token' });
    for (const operation of operations().filter(({ requiredAction }) => !letsIn(requiredAction, []))) {
      const { path, body: sent } = harmless(operation);
      const reply = await service.call(operation.method, path, {
        token: body.key as string,
        ...(sent === undefined ? {} : { body: sent }),
      });
      expectDenied(reply, operation.requiredAction);
    }
  });
});
