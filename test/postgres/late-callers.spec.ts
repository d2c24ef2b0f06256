import { setTimeout as sleep } from 'node:timers/promises';
import { Database } from '../../src/database/database.js';
import { operations } from '../support/openapi.js';
import { LateCallers, type Subject } from './late-callers-stage.js';

const USAGE = '/api/licensing/usage';
/** Longer than a replica takes to hear of a change, milliseconds. */
const UNHEARD_MS = 1_200;

let stage: LateCallers;

beforeAll(async () => {
  stage = await LateCallers.open();
});

afterEach(() => {
  stage.issuer.requests.length = 0;
});

afterAll(async () => {
  await stage.close();
});

type Request = readonly [path: string, body?: unknown];

const account = async () => `/api/serviceaccounts/${(await stage.subject()).id}`;
const token = async ({ id, tokenId } = {} as Partial<Subject>) =>
  `/api/serviceaccounts/${id}/tokens/${tokenId}`;
const role = async () => {
  const uid = stage.next('role').replace(' ', '-');
  await stage.here.post('/api/access-control/roles', { uid, name: `custom:${uid}`, permissions: [] });
  return uid;
};
const roles = async () => `/api/access-control/users/${(await stage.subject()).id}/roles`;
const license = () => stage.issuer.token({ jti: stage.next('jti'), lid: stage.next('lid') });
const admitted = async () => {
  const subject = stage.next('person');
  await stage.here.post(`${USAGE}/admit`, { subject });
  return subject;
};

/** Each operation that changes something, and a request of it that would. */
const WRITES: Record<string, () => Promise<Request>> = {
  'POST /api/serviceaccounts': async () => ['/api/serviceaccounts', { name: stage.next('made') }],
  'PATCH /api/serviceaccounts/{id}': async () => [await account(), { name: stage.next('renamed') }],
  'DELETE /api/serviceaccounts/{id}': async () => [await account()],
  'POST /api/serviceaccounts/{id}/tokens': async () => [`${await account()}/tokens`, { name: 'left behind' }],
  'PATCH /api/serviceaccounts/{id}/tokens/{tokenId}': async () => [
    await token(await stage.subject()),
    { isRevoked: true },
  ],
  'DELETE /api/serviceaccounts/{id}/tokens/{tokenId}': async () => [await token(await stage.subject())],
  'POST /api/access-control/roles': async () => [
    '/api/access-control/roles',
    { name: stage.next('custom:'), permissions: [] },
  ],
  'PUT /api/access-control/roles/{uid}': async () => [
    `/api/access-control/roles/${await role()}`,
    { version: 1, name: stage.next('custom:other'), permissions: [] },
  ],
  'DELETE /api/access-control/roles/{uid}': async () => [`/api/access-control/roles/${await role()}`],
  'POST /api/access-control/users/{id}/roles': async () => [await roles(), { roleUid: await role() }],
  'PUT /api/access-control/users/{id}/roles': async () => [await roles(), { roleUids: [] }],
  'DELETE /api/access-control/users/{id}/roles/{roleUid}': async () => [
    `${await roles()}/basic_grafana_admin`,
  ],
  'POST /api/admin/provisioning/access-control/reload': async () => {
    await stage.provision();
    return ['/api/admin/provisioning/access-control/reload'];
  },
  'POST /api/licensing/token': async () => ['/api/licensing/token', { token: license() }],
  'POST /api/licensing/token/renew': async () => {
    await stage.license();
    return ['/api/licensing/token/renew', {}];
  },
  'POST /api/licensing/token/rollback': async () => {
    await stage.license();
    await stage.here.post('/api/licensing/token', { token: license() });
    return ['/api/licensing/token/rollback', {}];
  },
  'DELETE /api/licensing/token': async () => ['/api/licensing/token', { instance: 'http://localhost:3000/' }],
  'POST /api/licensing/usage/admit': async () => [`${USAGE}/admit`, { subject: stage.next('person') }],
  'POST /api/licensing/usage/left': async () => {
    await stage.license();
    return [`${USAGE}/left`, { subject: await admitted() }];
  },
  'DELETE /api/licensing/usage/subjects': async () => [`${USAGE}/subjects`, { subject: await admitted() }],
  'PUT /api/licensing/usage/sessions/{session}': async () => [
    `${USAGE}/sessions/${stage.next('s').replace(' ', '')}`,
    { subject: 'ada' },
  ],
  'DELETE /api/licensing/usage/sessions/{session}': async () => {
    const path = `${USAGE}/sessions/${stage.next('s').replace(' ', '')}`;
    await stage.here.call('PUT', path, { body: { subject: 'ada' } });
    return [path];
  },
  'DELETE /ui/sessions/{id}': async () => [`/ui/sessions/${await stage.pageSession()}`],
};

/** Why the others are not among them. */
const OTHERS: Record<string, string> = {
  'POST /api/auth/keys': 'does nothing',
  'POST /api/licensing/token/inspect': 'stores nothing',
  'POST /api/licensing/renewal/rehearse': 'stores nothing',
  'POST /api/licensing/usage/explain': 'stores nothing',
  'POST /api/licensing/usage/seen': 'is taken by memory as soon as its body is there',
  'POST /ui/session': 'has a test of its own',
  'DELETE /ui/session': 'ends what has ended already',
};

describe('A request that waits for the database while its caller is locked out on another replica', () => {
  it('is one of these operations', () => {
    const changing = operations().flatMap(({ method, path }) =>
      method === 'GET' ? [] : [`${method} ${path}`],
    );
    expect([...Object.keys(WRITES), ...Object.keys(OTHERS)].sort()).toEqual(changing.sort());
  });

  it.each(Object.keys(WRITES))('changes nothing: %s', async (operation) => {
    const [path, body] = await (WRITES[operation] as (typeof WRITES)[string])();
    const subject = await stage.subject();
    const before = await stage.written(subject);
    const reply = await stage.late(subject, operation.split(' ')[0] as string, path, body);
    expect([reply.status, reply.body.messageId]).toEqual([401, 'api-key.revoked']);
    expect(await stage.written(subject)).toEqual(before);
    expect(stage.issuer.renewals).toHaveLength(0);
  });

  it('signs nobody in', async () => {
    const subject = await stage.subject();
    const gate = stage.gate('transaction');
    const reply = stage.here.call('POST', '/ui/session', {
      token: null,
      body: { token: subject.token },
      headers: { 'Sec-Fetch-Site': 'same-origin', Origin: stage.here.url },
    });
    await gate.arrived;
    await stage.lockOut(subject);
    await stage.hear();
    gate.open();
    expect((await reply).body.messageId).toBe('api-key.revoked');
  });

  it('takes no seat where no poll came through meanwhile either', async () => {
    const subject = await stage.subject();
    const before = await stage.written(subject);
    const gate = stage.gate('transaction', 'transactionTrying', 'read');
    const reply = stage.here.post(`${USAGE}/admit`, { subject: 'unheard' }, { token: subject.token });
    await gate.arrived;
    await stage.lockOut(subject);
    await sleep(UNHEARD_MS);
    gate.open();
    expect((await reply).status).toBe(401);
    expect(await stage.written(subject)).toEqual(before);
  });

  it.each(['POST admit', 'POST left', 'DELETE subjects', 'PUT sessions/locked'])(
    'changes nothing after it waited for a lock: %s',
    async (operation) => {
      const [method, path] = operation.split(' ') as [string, string];
      await stage.license();
      const [subject, name] = [await stage.subject(), await admitted()];
      const before = await stage.written(subject);
      const reply = await stage.there.running.application.nest.get(Database).transaction(async (manager) => {
        await manager.query('LOCK TABLE usage_subject, usage_session IN ACCESS EXCLUSIVE MODE');
        const late = stage.here.call(method, `${USAGE}/${path}`, {
          token: subject.token,
          body: { subject: path === 'admit' ? stage.next('locked out') : name },
        });
        await sleep(500);
        await stage.lockOut(subject);
        await stage.hear();
        return { late };
      });
      expect((await reply.late).status).toBe(401);
      expect(await stage.written(subject)).toEqual(before);
    },
  );

  it('keeps neither seats nor a renewal from the callers beside it', async () => {
    await stage.license();
    const [subject, other] = [await stage.subject(), await stage.subject()];
    const gate = stage.gate('transaction', 'transactionTrying');
    const ask = async ({ token: secret }: Subject, path: string, body: object) =>
      stage.here.post(path, body, { token: secret });
    const renewals = [subject, other].map(async (one) => ask(one, '/api/licensing/token/renew', {}));
    const seats = [other, subject, other].map(async (one) =>
      ask(one, `${USAGE}/admit`, { subject: stage.next('beside') }),
    );
    await gate.arrived;
    await stage.lockOut(subject);
    await stage.hear();
    gate.open();
    const statuses = async (replies: Promise<{ status: number }>[]) =>
      (await Promise.all(replies)).map(({ status }) => status);
    expect(await statuses(renewals)).toEqual([401, 200]);
    expect(await statuses(seats)).toEqual([200, 401, 200]);
    expect(stage.issuer.renewals).toHaveLength(1);
  });
});
