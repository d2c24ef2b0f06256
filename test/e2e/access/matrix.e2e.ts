import { EVERYTHING, FIXED_ROLES } from '../../access/fixed-roles.js';
import { type TestDatabase, testDatabase } from '../../support/database.js';
import { openApi, operations, type OperationSummary } from '../../support/openapi.js';
import { BOOTSTRAP_TOKEN, type Reply, TestService } from '../../support/service.js';

const PASSWORD = 'the password of the matrix';
const READER = 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE';

/** Everybody who can call, with the actions that he holds. */
const CALLERS: readonly { readonly caller: string; readonly actions: readonly string[] }[] = [
  ...FIXED_ROLES.map(({ name, actions }) => ({ caller: name, actions })),
  { caller: 'nobody in particular', actions: [] },
  { caller: 'the bootstrap token', actions: EVERYTHING },
  { caller: 'the administrator', actions: EVERYTHING },
];

const MATRIX = CALLERS.flatMap(({ caller, actions }) =>
  operations().map((operation) => ({
    caller,
    operation,
    name: `${operation.method} ${operation.path}`,
    allowed: operation.requiredAction === 'none' || actions.includes(operation.requiredAction),
  })),
);

/**
 * A request that gets past the guard and changes nothing: no id is 0, and no body is `{}` but the one of a renewal,
 * which finds no license. No subject has no name, and no session is called 0.
 */
function harmless({ method, path }: OperationSummary): { path: string; body?: object; success: number } {
  const concrete = path.replaceAll(/\{\w+\}/g, '0');
  const body = openApi.paths[path]?.[method.toLowerCase() as 'post']?.requestBody;
  const success = /\/(renew|rehearse|rollback)$/.test(path)
    ? 404
    : method === 'GET'
      ? path === concrete && !path.endsWith('/usage/explain')
        ? 200
        : 400
      : method === 'DELETE' && path.includes('/sessions/')
        ? 200
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
    authorizations.set('nobody in particular', `Bearer ${(await service.caller()).token}`);
    authorizations.set('the bootstrap token', `Bearer ${BOOTSTRAP_TOKEN}`);
    authorizations.set('the administrator', `Basic ${Buffer.from(`admin:${PASSWORD}`).toString('base64')}`);
  });

  afterAll(async () => {
    await service.stop();
    await database.drop();
  });

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
    const needed = operations().map(({ requiredAction }) => requiredAction);
    expect(needed.filter((action) => action !== 'none' && !EVERYTHING.includes(action))).toEqual([]);
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

  it.each(operations())(
    '$method $path answers 401 without credentials unless it is open',
    async (operation) => {
      const { path, body, success } = harmless(operation);
      const reply = await call(operation.method, path, undefined, body);
      if (operation.requiredAction === 'none') {
        expect(reply.status).toBe(success);
      } else {
        expect(reply.status).toBe(401);
        expect(reply.body).toEqual({
          message: 'Unauthorized',
          messageId: 'auth.unauthorized',
          statusCode: 401,
          traceID: '',
        });
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

  it('refuses an install with the token of a reader, whatever the body, and stores nothing', async () => {
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
    for (const operation of operations().filter(({ requiredAction }) => requiredAction !== 'none')) {
      const { path, body: sent } = harmless(operation);
      const reply = await service.call(operation.method, path, {
        token: body.key as string,
        ...(sent === undefined ? {} : { body: sent }),
      });
      expectDenied(reply, operation.requiredAction);
    }
  });
});
