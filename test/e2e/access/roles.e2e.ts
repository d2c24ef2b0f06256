import { ROLES } from '../../../src/access/roles.js';
import { type TestDatabase, testDatabase } from '../../support/database.js';
import { type Reply, TestService } from '../../support/service.js';

const ADMINISTRATOR = 'basic_grafana_admin';
const LICENSING_READER = 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE';
const ROLES_WRITER = 'fixed_W5aFaw8isAM27x_eWfElBhZ0iOc';
const ACCOUNTS_WRITER = 'fixed_iBvUNUEZBZ7PUW0vdkN5iojc2sk';
const ROLES_PATH = '/api/access-control/roles';

const permissions = (...actions: string[]) => actions.map((action) => ({ action }));

describe('Custom roles', () => {
  let database: TestDatabase;
  let service: TestService;
  let names = 0;

  beforeAll(async () => {
    database = await testDatabase();
    service = await TestService.start(database);
  });

  afterAll(async () => {
    await service.stop();
    await database.drop();
  });

  const freshName = () => `custom:role:${(names += 1)}`;
  const create = async (actions: readonly string[], fields: object = {}, token?: string): Promise<Reply> =>
    service.post(
      ROLES_PATH,
      { name: freshName(), permissions: permissions(...actions), ...fields },
      token === undefined ? {} : { token },
    );
  const send = async (method: string, path: string, body?: object, token?: string): Promise<Reply> =>
    service.call(method, path, {
      ...(body === undefined ? {} : { body }),
      ...(token === undefined ? {} : { token }),
    });
  const give = async (id: number, roleUid: string, token?: string): Promise<Reply> =>
    send('POST', `/api/access-control/users/${id}/roles`, { roleUid }, token);

  it('are created, shown, listed behind those of the service, changed and deleted', async () => {
    const created = await create(['licensing:read'], {
      uid: 'deployer',
      name: 'custom:license:deployer',
      displayName: 'Deployer',
      description: 'Installs licenses.',
      group: 'Operations',
      global: true,
      version: 1,
    });
    const role = {
      version: 1,
      uid: 'deployer',
      name: 'custom:license:deployer',
      displayName: 'Deployer',
      description: 'Installs licenses.',
      group: 'Operations',
      global: true,
      permissions: [{ action: 'licensing:read', scope: '' }],
      created: expect.stringMatching(/Z$/) as string,
      updated: expect.stringMatching(/Z$/) as string,
    };
    expect([created.status, created.body]).toEqual([200, role]);
    expect((await service.get(`${ROLES_PATH}/deployer`)).body).toEqual(role);
    const listed = (await service.get(ROLES_PATH)).body as unknown as { uid: string }[];
    expect(listed.map(({ uid }) => uid)).toEqual([...ROLES.map(({ uid }) => uid), 'deployer']);
    const auditor = await service.get(`${ROLES_PATH}/fixed_7TWFM5h6TBrufwb5MMIRPDiqGyM`);
    expect(auditor.body).toMatchObject({ name: 'fixed:audit:reader', description: 'Reads the audit log' });
    const changed = await send('PUT', `${ROLES_PATH}/deployer`, {
      version: 1,
      name: 'custom:license:deployer',
      permissions: permissions('licensing:read', 'licensing:write'),
    });
    expect(changed.body).toMatchObject({ version: 2, displayName: '', permissions: { length: 2 } });
    const same = await send('PUT', `${ROLES_PATH}/deployer`, {
      version: 2,
      name: 'custom:license:deployer',
      permissions: permissions('licensing:write', 'licensing:read'),
    });
    expect(same.body.version).toBe(2);
    expect((await send('DELETE', `${ROLES_PATH}/deployer`)).body).toEqual({ message: 'Role deleted' });
    for (const method of ['GET', 'DELETE'])
      expect((await send(method, `${ROLES_PATH}/deployer`)).status).toBe(404);
    const { records } = (await service.get('/api/audit?target=role:deployer')).body as unknown as {
      records: { action: string; before: object | null; after: object }[];
    };
    expect(records.map(({ action }) => action)).toEqual(['role.delete', 'role.update', 'role.create']);
    expect(records[1]).toMatchObject({
      before: { version: 1, actions: ['licensing:read'] },
      after: { version: 2, actions: ['licensing:read', 'licensing:write'] },
    });
  });

  it.each(['displayName', 'description', 'group'])(
    'have no character in %s that hides or turns others',
    async (key) => {
      const { status, body } = await create([], { [key]: 'Oper\u202eators' });
      expect([status, JSON.stringify(body)]).toEqual([
        400,
        expect.stringContaining(`${key} must have at most`),
      ]);
      expect((await create([], { [key]: '' })).status).toBe(200);
    },
  );

  it('have a random uid where none is given, and no other role of the same name or uid', async () => {
    const { body: first } = await create([]);
    expect(first.uid).toMatch(/^[A-Za-z0-9_-]{20}$/);
    const same = await create([], { name: first.name });
    expect([same.status, same.body.messageId]).toEqual([409, 'role.name-taken']);
    const fixed = await create([], { name: 'fixed:licensing:reader' });
    expect([fixed.status, fixed.body.messageId]).toEqual([409, 'role.name-taken']);
    const uid = await create([], { uid: first.uid });
    expect([uid.status, uid.body.messageId]).toEqual([409, 'role.uid-taken']);
  });

  it('have no name that is the uid of another one, and no uid that is its name', async () => {
    const { body: auditors } = await create([], { name: 'auditors', uid: 'audit-1' });
    for (const other of [
      { uid: 'auditors', name: 'others' },
      { uid: 'audit-2', name: 'audit-1' },
      { uid: 'audit-2', name: '\uff41udit-\uff11' },
      { name: LICENSING_READER },
    ]) {
      const { status, body } = await create([], other);
      expect([status, body.messageId]).toEqual([409, 'role.name-taken']);
    }
    await create([], { name: '\uff4cookers', uid: 'look-1' });
    expect((await create([], { uid: 'lookers' })).body.messageId).toBe('role.name-taken');
    const own = await create([], { name: 'same', uid: 'same' });
    expect(own.status).toBe(200);
    expect(auditors.version).toBe(1);
  });

  it('read the former name of an action, and never print it', async () => {
    const { body } = await create(['licensing:update', 'licensing:write']);
    expect(body.permissions).toEqual([{ action: 'licensing:write', scope: '' }]);
  });

  it.each([
    ['a version that is older', 1, 409],
    ['a version that is ahead', 3, 409],
    ['the present version', 2, 200],
  ])('are changed with %s or not', async (_, version, status) => {
    const { body: role } = await create(['licensing:read']);
    const change = { name: role.name as string, permissions: permissions('licensing:write') };
    await send('PUT', `${ROLES_PATH}/${role.uid as string}`, { ...change, version: 1 });
    const later = { ...change, permissions: permissions('audit:read'), version };
    const reply = await send('PUT', `${ROLES_PATH}/${role.uid as string}`, later);
    expect(reply.status).toBe(status);
    if (status === 409)
      expect(reply.body).toMatchObject({
        messageId: 'role.version-conflict',
        error: 'version must be 2: read the role again, and change that',
      });
  });

  it('are changed by one of many parallel changes of the same version', async () => {
    const { body: role } = await create(['licensing:read']);
    const replies = await Promise.all(
      ['licensing:write', 'licensing:delete', 'audit:read', 'roles:read'].map(async (action) =>
        send('PUT', `${ROLES_PATH}/${role.uid as string}`, {
          version: 1,
          name: role.name as string,
          permissions: permissions(action),
        }),
      ),
    );
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409]);
  });

  it.each([
    ['a star for a name', { name: '*' }, /^name must have 1 to 190/],
    ['a star for a uid', { uid: '*' }, /^uid must have 1 to 40/],
    ['a reserved uid', { uid: 'fixed_mine' }, /^uid must not begin with fixed_ or basic_/],
    ['the uid of the administrator', { uid: ADMINISTRATOR }, /^uid must not begin/],
    ['a number for a uid', { uid: 7 }, /^uid must be a string/],
    ['no permissions', { permissions: undefined }, /^permissions must be an array/],
    ['permissions that are no array', { permissions: {} }, /^permissions must be an array/],
    [
      'a permission that is a text',
      { permissions: ['licensing:read'] },
      /^permissions\[0\] must be an object/,
    ],
    [
      'an unknown action',
      { permissions: permissions('licensing:read', 'licensing:destroy') },
      /^permissions\[1\]\.action must be an action of this service: licensing:destroy is none/,
    ],
    ['every action', { permissions: permissions('*') }, /^permissions\[0\]\.action must be an action/],
    ['an action of objects', { permissions: permissions('__proto__') }, /^permissions\[0\]\.action must be/],
    [
      'a scope that nothing would check',
      { permissions: [{ action: 'licensing:read', scope: 'license:L-1' }] },
      /^permissions\[0\]\.scope must be empty/,
    ],
    [
      'a further member',
      { permissions: [{ action: 'licensing:read', deny: true }] },
      /^permissions\[0\] may have action and scope alone/,
    ],
    ['a description with a line end', { description: 'a\nb' }, /^description must have at most 1000/],
    ['a star in a description', { description: 'a*' }, /^description must have/],
    ['a version that is a text', { version: '1' }, /^version must be a whole number/],
    ['an unknown member', { hidden: true }, /^hidden is not a member/],
  ])('are refused with 400 that says which field and why: %s', async (_, fields, error) => {
    const reply = await create(['licensing:read'], fields);
    expect([reply.status, reply.body.messageId, reply.body.error]).toEqual([
      400,
      'bad-request',
      expect.stringMatching(error),
    ]);
  });

  it('cannot replace a role of the service', async () => {
    const body = { version: 1, name: 'mine', permissions: [] };
    for (const [method, sent] of [['PUT', body], ['DELETE']] as const) {
      const reply = await send(method, `${ROLES_PATH}/${LICENSING_READER}`, sent);
      expect([reply.status, reply.body.error]).toEqual([
        400,
        'the role in the path comes with the service: it cannot be changed or deleted',
      ]);
    }
  });

  it('count at once for every token of every account that has them, on connections that are open too', async () => {
    const { body: role } = await create(['licensing:read']);
    const uid = role.uid as string;
    const accounts = [await service.caller(uid), await service.caller(uid)];
    const checks = async () =>
      Promise.all(
        accounts.map(async ({ token }) => (await service.get('/api/licensing/check', { token })).status),
      );
    expect(await checks()).toEqual([200, 200]);
    const change = { name: role.name as string, version: 1, permissions: permissions('audit:read') };
    expect((await send('PUT', `${ROLES_PATH}/${uid}`, change)).status).toBe(200);
    expect(await checks()).toEqual([403, 403]);
    await send('PUT', `${ROLES_PATH}/${uid}`, {
      ...change,
      version: 2,
      permissions: permissions('licensing:read'),
    });
    expect(await checks()).toEqual([200, 200]);
    const refused = await send('DELETE', `${ROLES_PATH}/${uid}`);
    expect([refused.status, refused.body.messageId]).toEqual([409, 'role.in-use']);
    expect((await send('DELETE', `${ROLES_PATH}/${uid}?force=true`)).status).toBe(200);
    expect(await checks()).toEqual([403, 403]);
    // Another role of the same uid is another role: those who had the former one do not have it.
    expect((await create(['licensing:read'], { uid })).status).toBe(200);
    expect(await checks()).toEqual([403, 403]);
  });

  it('give a token no more than its maker held, however they grow', async () => {
    const { body: role } = await create(['licensing:read']);
    const uid = role.uid as string;
    const maker = await service.caller(ACCOUNTS_WRITER, LICENSING_READER);
    const { id } = await service.caller(uid);
    const { body: made } = await send(
      'POST',
      `/api/serviceaccounts/${id}/tokens`,
      { name: 'by maker' },
      maker.token,
    );
    const own = async (token: string) =>
      (await service.get('/api/access-control/user/permissions', { token })).body;
    expect(await own(made.key as string)).toEqual({ 'licensing:read': [''] });
    const grown = permissions('licensing:read', 'licensing.reports:read', 'licensing:write', 'roles:write');
    await send('PUT', `${ROLES_PATH}/${uid}`, { name: role.name as string, version: 1, permissions: grown });
    expect(await own(made.key as string)).toEqual({ 'licensing:read': [''], 'licensing.reports:read': [''] });
    expect((await service.get(`/api/access-control/users/${id}/permissions`)).body).toEqual([
      { action: 'licensing:read', scope: '' },
      { action: 'licensing:write', scope: '' },
      { action: 'licensing.reports:read', scope: '' },
      { action: 'roles:write', scope: '' },
    ]);
  });

  describe('are made, given, changed and taken by nobody who does not hold what they give:', () => {
    let writer: { id: number; token: string };
    let more: string;
    let name: string;

    beforeEach(async () => {
      writer = await service.caller(ROLES_WRITER, LICENSING_READER);
      const { body } = await create(['licensing:read', 'licensing:write']);
      [more, name] = [body.uid as string, body.name as string];
    });

    const expectMissing = (reply: Reply, missing: string) => {
      expect(reply.status).toBe(403);
      expect(reply.body.message).toBe(
        `You'll need additional permissions to perform this action. Permissions needed: ${missing}`,
      );
    };

    it('a role with more is not made, nor one made bigger', async () => {
      expectMissing(await create(['licensing:write'], {}, writer.token), 'licensing:write');
      const { body: own } = await create(['licensing:read'], {}, writer.token);
      const bigger = { version: 1, name: own.name as string, permissions: permissions('licensing:update') };
      const reply = await send('PUT', `${ROLES_PATH}/${own.uid as string}`, bigger, writer.token);
      expectMissing(reply, 'licensing:write');
    });

    it('a role with more is not made smaller, nor deleted', async () => {
      const smaller = { version: 1, name, permissions: permissions('licensing:read') };
      expectMissing(await send('PUT', `${ROLES_PATH}/${more}`, smaller, writer.token), 'licensing:write');
      expectMissing(
        await send('DELETE', `${ROLES_PATH}/${more}`, undefined, writer.token),
        'licensing:write',
      );
    });

    it('a role with more is neither given nor taken, one by one or all at once', async () => {
      const { id } = await service.caller();
      const roles = `/api/access-control/users/${id}/roles`;
      expectMissing(await give(id, more, writer.token), 'licensing:write');
      expectMissing(await send('PUT', roles, { roleUids: [more] }, writer.token), 'licensing:write');
      await give(id, more);
      expectMissing(await send('DELETE', `${roles}/${more}`, undefined, writer.token), 'licensing:write');
      expectMissing(await send('PUT', roles, { roleUids: [] }, writer.token), 'licensing:write');
      // What stays as it is is neither given nor taken.
      const added = await send('PUT', roles, { roleUids: [more, LICENSING_READER] }, writer.token);
      expect(added.status).toBe(200);
    });

    it('an account with more is not deleted', async () => {
      const { id } = await service.caller(more);
      const deleter = await service.caller(ACCOUNTS_WRITER);
      const reply = await send('DELETE', `/api/serviceaccounts/${id}`, undefined, deleter.token);
      expectMissing(reply, 'licensing:read, licensing:write');
      expect((await service.get(`/api/serviceaccounts/${id}`)).status).toBe(200);
    });
  });

  describe('of an account', () => {
    it('are set to exactly those that are named', async () => {
      const { body: role } = await create(['audit:read']);
      const { id, token } = await service.caller(LICENSING_READER);
      const roles = `/api/access-control/users/${id}/roles`;
      const reply = await send('PUT', roles, { roleUids: [role.uid, role.uid], global: false });
      expect([reply.status, reply.body]).toEqual([200, { message: 'User roles have been updated.' }]);
      const listed = (await service.get(roles)).body as unknown as object[];
      expect(listed).toEqual([expect.objectContaining({ uid: role.uid, name: role.name })]);
      expect((await service.get('/api/licensing/check', { token })).status).toBe(403);
      const unknown = await send('PUT', roles, { roleUids: ['nowhere'] });
      expect([unknown.status, unknown.body.message]).toEqual([404, 'Role not found']);
      expect((await service.get(roles)).body).toHaveLength(1);
      for (const roleUids of ['x', [7], ['*'], [null]])
        expect((await send('PUT', roles, { roleUids })).body.messageId).toBe('bad-request');
    });

    it('are set by a caller who may give and take, and the refusal names both actions', async () => {
      const { body: adder } = await create(['users.roles:add']);
      const { id, token } = await service.caller(adder.uid as string);
      const reply = await send('PUT', `/api/access-control/users/${id}/roles`, { roleUids: [] }, token);
      expect([reply.status, reply.body.message]).toEqual([
        403,
        "You'll need additional permissions to perform this action. Permissions needed: all of users.roles:add, users.roles:remove",
      ]);
    });
  });

  it('are in the report of who has more than a fixed role', async () => {
    const { body: role } = await create(['licensing:delete', 'audit:read']);
    const { id } = await service.caller(role.uid as string);
    const { body } = await service.get('/api/licensing/custom-permissions');
    expect(body).toContainEqual(
      expect.objectContaining({ id, uid: role.uid, title: role.name, customPermissions: 'licensing:delete' }),
    );
  });
});

describe('Accounts', () => {
  let database: TestDatabase;
  let service: TestService;

  beforeAll(async () => {
    database = await testDatabase();
    service = await TestService.start(database);
    for (const name of ['Robot One', 'robot two', 'other', '100% robot_3'])
      await service.post('/api/serviceaccounts', { name });
  });

  afterAll(async () => {
    await service.stop();
    await database.drop();
  });

  it.each([
    ['', ['Robot One', 'robot two', 'other', '100% robot_3'], 4],
    ['?query=ROBOT', ['Robot One', 'robot two', '100% robot_3'], 3],
    ['?query=%25', ['100% robot_3'], 1],
    ['?query=_', ['100% robot_3'], 1],
    ['?query=nobody', [], 0],
    ['?page=2&perpage=3', ['100% robot_3'], 4],
    ['?page=9', [], 4],
  ])('are searched by a text of their name: %s', async (query, names, totalCount) => {
    const { status, body } = await service.get(`/api/serviceaccounts/search${query}`);
    const { serviceAccounts } = body as unknown as { serviceAccounts: { name: string }[] };
    expect([status, serviceAccounts.map(({ name }) => name), body.totalCount]).toEqual([
      200,
      names,
      totalCount,
    ]);
  });

  it.each([
    ['page=0', /^page must be a whole number from 1/],
    ['page=1.0', /^page must/],
    ['page=1&page=2', /^page must/],
    ['perpage=1001', /^perpage must be a whole number from 1 to 1000/],
    ['perpage=', /^perpage must/],
    ['query=a&query=b', /^query must be a text/],
    [`query=${'a'.repeat(191)}`, /^query must be a text/],
    ['query=%00', /^query must be a text/],
  ])('are not searched by %s', async (query, error) => {
    const { status, body } = await service.get(`/api/serviceaccounts/search?${query}`);
    expect([status, body.error]).toEqual([400, expect.stringMatching(error)]);
  });

  it('are deleted with their tokens and roles, at once and on the record', async () => {
    const { id, token } = await service.caller(LICENSING_READER);
    expect((await service.get('/api/licensing/check', { token })).status).toBe(200);
    const reply = await service.call('DELETE', `/api/serviceaccounts/${id}`);
    expect([reply.status, reply.body]).toEqual([200, { message: 'Service account deleted' }]);
    const after = await service.get('/api/licensing/check', { token });
    expect([after.status, after.body.messageId]).toEqual([401, 'api-key.invalid']);
    for (const path of ['', '/tokens'])
      expect((await service.get(`/api/serviceaccounts/${id}${path}`)).status).toBe(404);
    expect((await service.call('DELETE', `/api/serviceaccounts/${id}`)).status).toBe(404);
    const { records } = (await service.get(`/api/audit?target=service-account:${id}&limit=1`))
      .body as unknown as {
      records: object[];
    };
    expect(records[0]).toMatchObject({
      action: 'service-account.delete',
      before: { roles: ['fixed:licensing:reader'], tokens: 1, isDisabled: false },
    });
  });

  it('have no method at the search but that of a search', async () => {
    for (const method of ['PATCH', 'DELETE', 'POST']) {
      const reply = await service.call(method, '/api/serviceaccounts/search', { token: null });
      expect([reply.status, reply.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    }
  });

  it('have replaced API keys, as the answer to the former call says', async () => {
    const reply = await service.call('POST', '/api/auth/keys', {
      token: null,
      body: { name: 'key', role: 'Admin' },
    });
    expect([reply.status, reply.body.messageId]).toEqual([410, 'api-keys.gone']);
    expect(reply.body.message).toMatch(
      /POST \/api\/serviceaccounts, then POST \/api\/serviceaccounts\/\{id\}\/tokens/,
    );
  });
});

describe('The last holder of roles:write by a custom role', () => {
  it('keeps it, in each way it could be lost', async () => {
    const database = await testDatabase();
    let service = await TestService.start(database);
    const { body: role } = await service.post(ROLES_PATH, {
      uid: 'managers',
      name: 'custom:managers',
      permissions: permissions('roles:write', 'roles:delete', 'users.roles:remove', 'serviceaccounts:delete'),
    });
    const { id, token } = await service.caller(role.uid as string);
    await service.stop();
    service = await TestService.start(database, { BOOTSTRAP_TOKEN: undefined });
    const call = async (method: string, path: string, body?: object) => {
      const reply = await service.call(method, path, { token, ...(body === undefined ? {} : { body }) });
      return [method, reply.status, reply.body.messageId ?? ''];
    };
    const smaller = { version: 1, name: 'custom:managers', permissions: permissions('roles:delete') };
    const refusal = [409, 'access.last-administrator'];
    expect(await call('PUT', `${ROLES_PATH}/managers`, smaller)).toEqual(['PUT', ...refusal]);
    expect(await call('DELETE', `${ROLES_PATH}/managers?force=true`)).toEqual(['DELETE', ...refusal]);
    expect(await call('DELETE', `/api/access-control/users/${id}/roles/managers`)).toEqual([
      'DELETE',
      ...refusal,
    ]);
    expect(await call('DELETE', `/api/serviceaccounts/${id}`)).toEqual(['DELETE', ...refusal]);
    // Without the right to delete roles, which it does not have to keep.
    const allowed = { ...smaller, permissions: permissions('roles:write') };
    expect(await call('PUT', `${ROLES_PATH}/managers`, allowed)).toEqual(['PUT', 200, '']);
    await service.stop();
    await database.drop();
  });
});
