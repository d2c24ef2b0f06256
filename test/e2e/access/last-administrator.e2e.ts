import { ACTIONS } from '../../../src/domain/actions.js';
import { type TestDatabase, testDatabase } from '../../support/database.js';
import { TestService } from '../../support/service.js';

const ROLES_PATH = '/api/access-control/roles';

const permissions = (actions: readonly string[]) => actions.map((action) => ({ action }));

describe('The last token that gives every action by custom roles', () => {
  const HALVES = [
    ACTIONS.filter((_, index) => index % 2 === 0),
    ACTIONS.filter((_, index) => index % 2 === 1),
  ];
  const refusal = [409, 'access.last-administrator'];
  let database: TestDatabase;
  let service: TestService;
  let root: { id: number; token: string; tokenId: number };

  const start = async (...roles: readonly (readonly string[])[]) => {
    const first = await TestService.start(database);
    const uids = roles.map((_, index) => `r${index}`);
    for (const [index, uid] of uids.entries())
      await first.post(ROLES_PATH, { uid, name: uid, permissions: permissions(roles[index] ?? []) });
    root = await first.caller(...uids);
    await first.stop();
    service = await TestService.start(database, { BOOTSTRAP_TOKEN: undefined });
  };
  const call = async (method: string, path: string, body?: object, token = root.token) => {
    const reply = await service.call(method, path, { token, ...(body === undefined ? {} : { body }) });
    return [reply.status, reply.body.messageId ?? ''];
  };
  const put = async (uid: string, actions: readonly string[], version = 1) =>
    call('PUT', `${ROLES_PATH}/${uid}`, { version, name: uid, permissions: permissions(actions) });
  const account = async (name: string) =>
    (await service.post('/api/serviceaccounts', { name }, { token: root.token })).body.id as number;
  const tokenOf = async (id: number, fields: object = {}) =>
    (await service.post(`/api/serviceaccounts/${id}/tokens`, { name: 't', ...fields }, { token: root.token }))
      .body as { id: number; key: string };

  beforeEach(async () => {
    database = await testDatabase();
  });

  afterEach(async () => {
    await service.stop();
    await database.drop();
  });

  it('is kept in each way it could be lost, and is lost once another one gives every action', async () => {
    await start(ACTIONS);
    const path = `/api/serviceaccounts/${root.id}`;
    const roles = `/api/access-control/users/${root.id}/roles`;
    expect(await put('r0', ['roles:write'])).toEqual(refusal);
    expect(await put('r0', ACTIONS.slice(0, -1))).toEqual(refusal);
    expect(await call('DELETE', `${ROLES_PATH}/r0?force=true`)).toEqual(refusal);
    expect(await call('DELETE', `${roles}/r0`)).toEqual(refusal);
    expect(await call('PUT', roles, { roleUids: [] })).toEqual(refusal);
    expect(await call('PATCH', path, { isDisabled: true })).toEqual(refusal);
    expect(await call('DELETE', path)).toEqual(refusal);
    expect(await call('PATCH', `${path}/tokens/${root.tokenId}`, { isRevoked: true })).toEqual(refusal);
    expect(await call('DELETE', `${path}/tokens/${root.tokenId}`)).toEqual(refusal);
    // One that is about to expire makes up for none, nor one of an account that has only a part.
    const hour = await account('hour');
    await call('POST', `/api/access-control/users/${hour}/roles`, { roleUid: 'r0' });
    await tokenOf(hour, { secondsToLive: 3600 });
    expect(await call('DELETE', path)).toEqual(refusal);
    const lasting = await tokenOf(hour, { name: 'lasting' });
    expect(await call('DELETE', path)).toEqual([200, '']);
    expect(await call('POST', '/api/serviceaccounts', { name: 'next' }, lasting.key)).toEqual([201, '']);
  });

  it('is kept where two roles give it together, and not made up for by two accounts that share its actions', async () => {
    await start(...HALVES);
    for (const [index] of HALVES.entries()) {
      const id = await account(`half-${index}`);
      await call('POST', `/api/access-control/users/${id}/roles`, { roleUid: `r${index}` });
      await tokenOf(id);
    }
    for (const uid of ['r0', 'r1'])
      expect(await call('DELETE', `/api/access-control/users/${root.id}/roles/${uid}`)).toEqual(refusal);
    expect(await call('DELETE', `/api/serviceaccounts/${root.id}`)).toEqual(refusal);
  });

  it('is nothing that a deployment has to keep that never had it, but for what manages access', async () => {
    const most = ACTIONS.filter((action) => action !== 'audit:read');
    await start(most);
    expect(await put('r0', ['roles:write'])).toEqual(refusal);
    const management = ['roles:write', 'users.roles:add', 'serviceaccounts:write'];
    expect(await put('r0', management)).toEqual([200, '']);
    expect(await put('r0', ['roles:write'], 2)).toEqual(refusal);
  });
});
