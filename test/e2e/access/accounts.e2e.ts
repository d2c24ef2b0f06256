import pg from 'pg';
import type { EntityManager } from 'typeorm';
import { Database } from '../../../src/database/database.js';
import { actionsOf, ROLES } from '../../../src/access/roles.js';
import { ACTIONS } from '../../../src/domain/actions.js';
import { type TestDatabase, testDatabase } from '../../support/database.js';
import { BOOTSTRAP_TOKEN, type Reply, TestService } from '../../support/service.js';
import { send } from '../http/raw-http.js';

const ADMINISTRATOR = 'basic_grafana_admin';
const LICENSING_READER = 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE';
const LICENSING_WRITER = 'fixed_gzbz3rJpQMdaKHt-E4q0PVaKMoE';
const ROLES_READER = 'fixed_GkfG-1NSwEGb4hpK3-E3qHyNltc';
const ROLES_WRITER = 'fixed_W5aFaw8isAM27x_eWfElBhZ0iOc';
const ACCOUNTS_WRITER = 'fixed_iBvUNUEZBZ7PUW0vdkN5iojc2sk';
const EVERY_FIXED_ROLE = ROLES.map(({ uid }) => uid).filter((uid) => uid !== ADMINISTRATOR);
const HOUR = 3_600_000;

interface AuditRow {
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  readonly detail: object;
  readonly request_id: string;
}

/** Names that are refused wherever a name is given. The texts stand in JSON as they are. */
const BAD_NAMES: readonly (readonly [string, string])[] = [
  ['an empty one', '""'],
  ['a space', '" "'],
  ['a leading space', '" name"'],
  ['a trailing space', '"name "'],
  ['a line separator, and a trailing space', '"na\u2028me "'],
  ['a wildcard', '"*"'],
  ['a wildcard inside', '"na*me"'],
  ['NUL', '"na\\u0000me"'],
  ['a line feed', '"na\\nme"'],
  ['a control character of the second block', '"na\\u0085me"'],
  ['a zero-width space', '"na\\u200bme"'],
  ['a byte order mark', '"na\\ufeffme"'],
  ['a soft hyphen', '"na\\u00adme"'],
  ['an override of the direction', '"na\\u202eme"'],
  ['a variation selector', '"na\\ufe0fme"'],
  ['a Hangul filler', '"na\\u3164me"'],
  ['a blank of Braille', '"na\\u2800me"'],
  ['a musical sign that is blank', '"name\u{1d159}"'],
  ['a stand-in for an object', '"na\\ufffcme"'],
  ['a stand-in for a byte', '"na\\ufffdme"'],
  ['a noncharacter', '"na\\ufffeme"'],
  ['a character of private use', '"na\\ue000me"'],
  ['a no-break space', '"na\\u00a0me"'],
  ['a line separator', '"na\\u2028me"'],
  ['half a surrogate pair', '"na\\ud83dme"'],
  ['the other half', '"\\ude00"'],
  ['two halves in the wrong order', '"\\ude00\\ud83d"'],
  ['191 characters', `"${'n'.repeat(191)}"`],
  ['191 characters beyond the first plane', `"${'😀'.repeat(191)}"`],
  ['a number', '7'],
  ['null', 'null'],
  ['true', 'true'],
  ['a list', '["name"]'],
  ['an object', '{"name":"name"}'],
];

const GOOD_NAMES = [
  'a',
  'n'.repeat(190),
  '😀'.repeat(190),
  'Straße — 東京 №1',
  '__proto__',
  'constructor',
  '%2F..//',
];

/** Ids that look like account 1, or like a number, and are not written as one. */
const BAD_IDS = [
  '0',
  '00',
  '01',
  '+1',
  '-1',
  '1.0',
  '1e0',
  '1e1',
  '0x1',
  '0b1',
  '1n',
  '1_0',
  '%201',
  '1%20',
  '1%00',
  '1%0A',
  '1,2',
  '1%2F2',
  '%2F1',
  '1%2F',
  '..%2F1',
  '%D9%A1',
  '%EF%BC%91',
  'one',
  'NaN',
  'Infinity',
  'null',
  'undefined',
  '9007199254740992',
  '9223372036854775808',
  '18446744073709551616',
  '1'.repeat(400),
  '*',
  ':id',
  '{id}',
];

describe('Service accounts', () => {
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

  const freshName = () => `account ${(names += 1)}`;
  const account = async (fields: object = {}): Promise<number> =>
    (await service.post('/api/serviceaccounts', { name: freshName(), ...fields })).body.id as number;
  const patch = async (path: string, body: unknown, token?: string): Promise<Reply> =>
    service.call('PATCH', path, { body, ...(token === undefined ? {} : { token }) });
  const sql = async <T>(statement: string, parameters: unknown[] = []): Promise<T[]> =>
    service.running.application.nest
      .get(Database)
      .transaction(async (manager: EntityManager) => manager.query<T[]>(statement, parameters));
  const auditOf = async (id: number): Promise<AuditRow[]> =>
    sql('SELECT actor, action, target, detail, request_id FROM audit_event WHERE target = $1 ORDER BY id', [
      `service-account:${id}`,
    ]);
  /** What is written in the background: last uses, and the places of records in the chain of hashes. */
  const background = (table: string): string => (table === 'audit_event' ? 'number,hash' : 'last_used_at');
  const everything = async (): Promise<string> =>
    JSON.stringify(
      await Promise.all(
        [
          'service_account',
          'service_account_token',
          'custom_role',
          'role_assignment',
          'audit_event',
          'snapshot_version',
        ].map((table) =>
          sql(
            `SELECT row FROM (SELECT to_jsonb(t) - '{${background(table)}}'::text[] AS row FROM "${table}" t) all_rows ORDER BY row::text`,
          ),
        ),
      ),
    );

  /** Any route may be called: nothing is stored of it. */
  async function withoutEffect(work: () => Promise<void>): Promise<void> {
    const before = await everything();
    await work();
    expect(await everything()).toBe(before);
  }

  function expectBadRequest(reply: { status: number; body: { messageId?: string } }): void {
    expect([reply.status, reply.body.messageId]).toEqual([400, 'bad-request']);
  }

  describe('are created', () => {
    it('with a name alone: enabled, with the role None, and may do nothing', async () => {
      const before = service.clock.now();
      const reply = await service.post('/api/serviceaccounts', { name: 'License Robot 1' });
      expect(reply.status).toBe(201);
      expect(reply.body).toEqual({
        id: expect.any(Number),
        name: 'License Robot 1',
        login: 'sa-license-robot-1',
        isDisabled: false,
        createdAt: expect.any(String),
        updatedAt: reply.body.createdAt,
        role: 'None',
      });
      const created = Date.parse(reply.body.createdAt as string);
      expect(created).toBeGreaterThanOrEqual(before - 1);
      expect(created).toBeLessThanOrEqual(service.clock.now());
    });

    it.each(['None', 'Viewer', 'Editor', 'Admin'])('with the role %s, and disabled', async (role) => {
      const { body } = await service.post('/api/serviceaccounts', {
        name: freshName(),
        role,
        isDisabled: true,
      });
      expect([body.role, body.isDisabled]).toEqual([role, true]);
    });

    it.each(GOOD_NAMES)('with the name %j as it is', async (name) => {
      const { status, body } = await service.post('/api/serviceaccounts', { name });
      expect([status, body.name]).toEqual([201, name]);
    });

    it('with logins of their own, however alike their names are', async () => {
      const logins = [];
      for (const name of ['alike!', 'alike?', 'Alike ', 'ALIKE:'].map((text) => text.trim())) {
        logins.push((await service.post('/api/serviceaccounts', { name })).body.login);
      }
      expect(new Set(logins).size).toBe(4);
    });

    it.each([
      ['ﬁle server', 'file server'],
      ['ｒｅａｄｅｒ', 'reader'],
      ['café', 'cafe\u0301'],
    ])('once only under names that look the same: %j, %j', async (name, alike) => {
      const { body } = await service.post('/api/serviceaccounts', { name });
      await withoutEffect(async () => {
        const reply = await service.post('/api/serviceaccounts', { name: alike });
        expect([reply.status, reply.body.messageId]).toEqual([409, 'service-account.name-taken']);
      });
      // Its own name it can have in the other form.
      const renamed = await patch(`/api/serviceaccounts/${body.id as number}`, { name: alike });
      expect([renamed.status, renamed.body.name]).toEqual([200, alike]);
    });

    it('with the first login that is free', async () => {
      const logins = [];
      for (const name of ['crowd', 'crowd 3', 'crowd.', 'crowd:', 'crowd;'])
        logins.push((await service.post('/api/serviceaccounts', { name })).body.login);
      expect(logins).toEqual(['sa-crowd', 'sa-crowd-3', 'sa-crowd-', 'sa-crowd--2', 'sa-crowd--3']);
    });

    it('with one look for a free login, however many look alike: the lock of all writes is held meanwhile', async () => {
      await sql(
        `INSERT INTO service_account (name, login, role, is_disabled, created_at, updated_at)
         SELECT 'herd ' || n, 'sa-herd-' || CASE n WHEN 1 THEN '' ELSE '-' || n END, 'None', true, now(), now()
         FROM generate_series(1, 100) AS n`,
      );
      const looks: unknown[] = [];
      const client = pg.Client.prototype as unknown as {
        query: (this: unknown, ...call: unknown[]) => unknown;
      };
      const query = client.query;
      client.query = function (...call) {
        if (JSON.stringify(call.slice(0, 2)).includes('sa-herd-')) looks.push(call[0]);
        return query.apply(this, call);
      };
      try {
        const { body } = await service.post('/api/serviceaccounts', { name: 'herd!' });
        expect(body.login).toBe('sa-herd--101');
      } finally {
        client.query = query;
      }
      // The look and the insertion.
      expect(looks).toHaveLength(2);
    });

    it.each(BAD_NAMES)('with no name that is %s', async (_, name) => {
      await withoutEffect(async () => {
        expectBadRequest(await service.post('/api/serviceaccounts', `{"name":${name}}`));
      });
    });

    it.each([
      '{}',
      '[]',
      'null',
      '"name"',
      '1',
      '{"name":"ok","role":"admin"}',
      '{"name":"ok","role":"GrafanaAdmin"}',
      '{"name":"ok","role":""}',
      '{"name":"ok","role":null}',
      '{"name":"ok","role":["Admin"]}',
      '{"name":"ok","isDisabled":"false"}',
      '{"name":"ok","isDisabled":0}',
      '{"name":"ok","isDisabled":null}',
      '{"name":"ok","id":7}',
      '{"name":"ok","login":"sa-mine"}',
      '{"name":"ok","actions":["licensing:write"]}',
      '{"name":"ok","Name":"other"}',
      '{"name":"ok","name":"other"}',
      '{"name":"ok","__proto__":{"isDisabled":true}}',
      '{"name":"ok","constructor":{}}',
    ])('not from the body %s', async (body) => {
      await withoutEffect(async () => expectBadRequest(await service.post('/api/serviceaccounts', body)));
    });

    it('once only under a name', async () => {
      const name = freshName();
      expect((await service.post('/api/serviceaccounts', { name })).status).toBe(201);
      await withoutEffect(async () => {
        const { status, body } = await service.post('/api/serviceaccounts', { name });
        expect([status, body.messageId]).toEqual([409, 'service-account.name-taken']);
      });
    });

    it('once only, however many ask for the same name at once', async () => {
      const name = freshName();
      const replies = await Promise.all(
        Array.from({ length: 10 }, () => service.post('/api/serviceaccounts', { name })),
      );
      expect(replies.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(9).fill(409)]);
    });
  });

  describe('are changed', () => {
    it('in what is sent, and in nothing else', async () => {
      const name = freshName();
      const { body: created } = await service.post('/api/serviceaccounts', { name, role: 'Viewer' });
      const path = `/api/serviceaccounts/${created.id}`;
      service.clock.advance(1_000);
      const disabled = await patch(path, { isDisabled: true });
      expect(disabled.status).toBe(200);
      expect(disabled.body).toEqual({
        ...created,
        isDisabled: true,
        updatedAt: disabled.body.updatedAt,
      });
      expect(Date.parse(disabled.body.updatedAt as string)).toBeGreaterThan(
        Date.parse(created.updatedAt as string),
      );
      const renamed = await patch(path, { name: `${name} renamed` });
      expect(renamed.body).toMatchObject({ name: `${name} renamed`, role: 'Viewer', isDisabled: true });
      const whole = await patch(path, { name, role: 'Editor', isDisabled: false });
      expect(whole.body).toMatchObject({ id: created.id, name, role: 'Editor', isDisabled: false });
    });

    it('to the name that they have already', async () => {
      const name = freshName();
      const { body } = await service.post('/api/serviceaccounts', { name });
      expect((await patch(`/api/serviceaccounts/${body.id}`, { name })).status).toBe(200);
    });

    it('not to the name of another one', async () => {
      const taken = freshName();
      await service.post('/api/serviceaccounts', { name: taken });
      const id = await account();
      await withoutEffect(async () => {
        const { status, body } = await patch(`/api/serviceaccounts/${id}`, { name: taken });
        expect([status, body.messageId]).toEqual([409, 'service-account.name-taken']);
      });
    });

    it.each([
      ...BAD_NAMES.map(([, name]) => `{"name":${name}}`),
      '{}',
      '{"role":"x"}',
      '{"id":1}',
      '{"isDisabled":1}',
    ])('not by %s', async (body) => {
      const id = await account();
      await withoutEffect(async () => expectBadRequest(await patch(`/api/serviceaccounts/${id}`, body)));
    });

    it('not where there is none', async () => {
      const { status, body } = await patch('/api/serviceaccounts/9007199254740991', { isDisabled: true });
      expect([status, body.messageId]).toEqual([404, 'not-found']);
    });
  });

  describe('have tokens, which', () => {
    it('are shown once, and listed without their keys, oldest first', async () => {
      const id = await account();
      const path = `/api/serviceaccounts/${id}/tokens`;
      expect((await service.get(path)).body).toEqual([]);
      const first = await service.post(path, { name: 'first', secondsToLive: 3600 });
      expect([first.status, first.body]).toEqual([
        200,
        { id: expect.any(Number), name: 'first', key: expect.stringMatching(/^licsa_\w{32}_[0-9a-f]{8}$/) },
      ]);
      const second = await service.post(path, { name: 'second' });
      const { body } = await service.get(path);
      expect(body).toEqual([
        {
          id: first.body.id,
          name: 'first',
          created: expect.any(String),
          lastUsedAt: null,
          expiration: new Date(Date.parse(body[0].created as string) + HOUR).toISOString(),
          secondsUntilExpiration: expect.any(Number),
          hasExpired: false,
          isRevoked: false,
        },
        {
          id: second.body.id,
          name: 'second',
          created: expect.any(String),
          lastUsedAt: null,
          expiration: null,
          secondsUntilExpiration: 0,
          hasExpired: false,
          isRevoked: false,
        },
      ]);
      expect(body[0].secondsUntilExpiration).toBeGreaterThan(3_500);
      expect(body[0].secondsUntilExpiration).toBeLessThanOrEqual(3_600);
    });

    it.each([
      ['1', 1],
      ['2147483647', 2_147_483_647],
      ['1e3', 1_000],
      ['2.0', 2],
    ])('live as many seconds as it says: %s', async (text, seconds) => {
      const path = `/api/serviceaccounts/${await account()}/tokens`;
      await service.post(path, `{"name":"t","secondsToLive":${text}}`);
      const [token] = (await service.get(path)).body as { created: string; expiration: string }[];
      expect(Date.parse(token?.expiration ?? '') - Date.parse(token?.created ?? '')).toBe(seconds * 1_000);
    });

    it('never expire where that is 0 or left out', async () => {
      const path = `/api/serviceaccounts/${await account()}/tokens`;
      await service.post(path, { name: 'zero', secondsToLive: 0 });
      await service.post(path, { name: 'none' });
      const { body } = await service.get(path);
      expect(body.map(({ expiration }: { expiration: string | null }) => expiration)).toEqual([null, null]);
    });

    it.each(['-1', '-0.5', '1.5', '2147483648', '1e18', '1e400', '"60"', 'null', 'true', '[60]', '{}'])(
      'are not made to live %s seconds',
      async (secondsToLive) => {
        const path = `/api/serviceaccounts/${await account()}/tokens`;
        await withoutEffect(async () => {
          expectBadRequest(await service.post(path, `{"name":"t","secondsToLive":${secondsToLive}}`));
        });
      },
    );

    it.each(BAD_NAMES)('have no name that is %s', async (_, name) => {
      const path = `/api/serviceaccounts/${await account()}/tokens`;
      await withoutEffect(async () => expectBadRequest(await service.post(path, `{"name":${name}}`)));
    });

    it('have a name of their own in their account, and may share it with another account', async () => {
      const [one, other] = [await account(), await account()];
      expect((await service.post(`/api/serviceaccounts/${one}/tokens`, { name: 'ci' })).status).toBe(200);
      expect((await service.post(`/api/serviceaccounts/${other}/tokens`, { name: 'ci' })).status).toBe(200);
      await withoutEffect(async () => {
        const { status, body } = await service.post(`/api/serviceaccounts/${one}/tokens`, { name: 'ci' });
        expect([status, body.messageId]).toEqual([409, 'service-account.token-name-taken']);
      });
    });

    it.each([
      ['ﬁle', 'file'],
      ['café', 'cafe\u0301'],
    ])('have no two names that are the same under NFKC: %j, %j', async (name, alike) => {
      const path = `/api/serviceaccounts/${await account()}/tokens`;
      expect((await service.post(path, { name })).status).toBe(200);
      await withoutEffect(async () => {
        const { status, body } = await service.post(path, { name: alike });
        expect([status, body.messageId]).toEqual([409, 'service-account.token-name-taken']);
      });
    });

    it('are revoked for good, any number of times', async () => {
      const { id, tokenId } = await service.caller();
      const path = `/api/serviceaccounts/${id}/tokens/${tokenId}`;
      const { status, body } = await patch(path, { isRevoked: true });
      expect([status, body.id, body.isRevoked]).toEqual([200, tokenId, true]);
      await withoutEffect(async () => {
        expect((await patch(path, { isRevoked: true })).body).toMatchObject({ id: tokenId, isRevoked: true });
        for (const wrong of [
          '{"isRevoked":false}',
          '{}',
          '{"isRevoked":1}',
          '{"isRevoked":"true"}',
          '{"isRevoked":null}',
        ]) {
          expectBadRequest(await patch(path, wrong));
        }
      });
      expect((await service.get(`/api/serviceaccounts/${id}/tokens`)).body[0].isRevoked).toBe(true);
    });

    it('are deleted once, and leave the list', async () => {
      const { id, tokenId } = await service.caller();
      const path = `/api/serviceaccounts/${id}/tokens/${tokenId}`;
      const { status, body } = await service.delete(path);
      expect([status, body]).toEqual([200, { message: 'Service account token deleted' }]);
      expect((await service.get(`/api/serviceaccounts/${id}/tokens`)).body).toEqual([]);
      expect((await service.delete(path)).status).toBe(404);
      expect((await patch(path, { isRevoked: true })).status).toBe(404);
    });

    it('are found under their own account alone', async () => {
      const { tokenId } = await service.caller();
      const other = await account();
      await withoutEffect(async () => {
        const path = `/api/serviceaccounts/${other}/tokens/${tokenId}`;
        expect((await service.delete(path)).status).toBe(404);
        expect((await patch(path, { isRevoked: true })).status).toBe(404);
      });
    });

    it('say when they were used last once the service has ended', async () => {
      const own = await testDatabase();
      const first = await TestService.start(own);
      const used = await first.caller(LICENSING_READER);
      const unused = await first.caller(LICENSING_READER);
      const moment = first.clock.now();
      await first.get('/api/licensing/check', { token: used.token });
      await first.stop();
      const second = await TestService.start(own);
      try {
        const [listed] = (await second.get(`/api/serviceaccounts/${used.id}/tokens`)).body;
        expect(Math.abs(Date.parse(listed.lastUsedAt as string) - moment)).toBeLessThan(5_000);
        const [other] = (await second.get(`/api/serviceaccounts/${unused.id}/tokens`)).body;
        expect(other.lastUsedAt).toBeNull();
      } finally {
        await second.stop();
        await own.drop();
      }
    });
  });

  describe('have roles, which', () => {
    it('are given and taken in the words of the contract', async () => {
      const id = await account();
      const path = `/api/access-control/users/${id}/roles`;
      const given = await service.post(path, { roleUid: LICENSING_READER });
      expect([given.status, given.body]).toEqual([200, { message: 'Role added to the user.' }]);
      await withoutEffect(async () => {
        expect((await service.post(path, { roleUid: LICENSING_READER })).status).toBe(200);
      });
      const taken = await service.delete(`${path}/${LICENSING_READER}`);
      expect([taken.status, taken.body]).toEqual([200, { message: 'Role removed from user.' }]);
      expect((await service.delete(`${path}/${LICENSING_READER}`)).status).toBe(404);
    });

    it('exist, and belong to an account that exists', async () => {
      const id = await account();
      await withoutEffect(async () => {
        for (const roleUid of ['fixed_unknown', 'constructor', '__proto__', 'BASIC_GRAFANA_ADMIN']) {
          expect((await service.post(`/api/access-control/users/${id}/roles`, { roleUid })).status).toBe(404);
          expect((await service.delete(`/api/access-control/users/${id}/roles/${roleUid}`)).status).toBe(404);
        }
        const nobody = '/api/access-control/users/9007199254740991/roles';
        expect((await service.post(nobody, { roleUid: LICENSING_READER })).status).toBe(404);
        expect((await service.delete(`${nobody}/${LICENSING_READER}`)).status).toBe(404);
      });
    });

    it.each(['*', 'fixed_*', '%00', 'a%2Fb', 'a%20b', '%ED%A0%BD', 'x'.repeat(191)])(
      'are not called %s',
      async (uid) => {
        const id = await account();
        const path = `/api/access-control/users/${id}/roles/${uid}`;
        await withoutEffect(async () => {
          const reply = await service.delete(path);
          // Bytes that are no UTF-8 make the path one that nobody has.
          if (uid === '%ED%A0%BD') expect(reply.status).toBe(404);
          else expectBadRequest(reply);
        });
      },
    );

    it.each([
      '"*"',
      '"fixed_*"',
      '"a\\u0000"',
      '"\\ud800"',
      '""',
      '7',
      'null',
      '["x"]',
      `"${'x'.repeat(191)}"`,
    ])('are not given by the uid %s', async (roleUid) => {
      const id = await account();
      await withoutEffect(async () => {
        const path = `/api/access-control/users/${id}/roles`;
        expectBadRequest(await service.post(path, `{"roleUid":${roleUid}}`));
      });
    });
  });

  describe('are found by an id that is written as a number', () => {
    const paths: readonly (readonly [string, string, object | undefined])[] = [
      ['PATCH', '/api/serviceaccounts/ID', { isDisabled: true }],
      ['GET', '/api/serviceaccounts/ID/tokens', undefined],
      ['POST', '/api/serviceaccounts/ID/tokens', { name: 'new' }],
      ['PATCH', '/api/serviceaccounts/ID/tokens/1', { isRevoked: true }],
      ['DELETE', '/api/serviceaccounts/ID/tokens/1', undefined],
      ['PATCH', '/api/serviceaccounts/1/tokens/ID', { isRevoked: true }],
      ['DELETE', '/api/serviceaccounts/1/tokens/ID', undefined],
      ['POST', '/api/access-control/users/ID/roles', { roleUid: LICENSING_READER }],
      ['DELETE', `/api/access-control/users/ID/roles/${LICENSING_READER}`, undefined],
    ];

    it.each(paths)('and by nothing else: %s %s', async (method, path, body) => {
      await withoutEffect(async () => {
        for (const id of BAD_IDS) {
          const reply = await send(service.url, {
            method,
            path: path.replace('ID', id),
            headers: {
              Authorization: 'Bearer bootstrap-token-of-the-tests-0123456789',
              'Content-Type': 'application/json',
            },
            ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          });
          expect([id, reply.status, reply.body.messageId]).toEqual([id, 400, 'bad-request']);
        }
      });
    });
  });

  describe('are managed by nobody who does not hold what they hold:', () => {
    it('a role is given and taken only by a holder of all its actions, and the answer names those missing', async () => {
      const manager = await service.caller(ROLES_WRITER, LICENSING_READER);
      const id = await account();
      const path = `/api/access-control/users/${id}/roles`;
      const call = { token: manager.token };
      expect((await service.post(path, { roleUid: ROLES_READER }, call)).status).toBe(200);
      expect((await service.delete(`${path}/${ROLES_READER}`, undefined, call)).status).toBe(200);
      expect((await service.post(path, { roleUid: LICENSING_READER }, call)).status).toBe(200);
      await service.post(path, { roleUid: LICENSING_WRITER });
      await withoutEffect(async () => {
        for (const reply of [
          await service.post(path, { roleUid: LICENSING_WRITER }, call),
          await service.delete(`${path}/${LICENSING_WRITER}`, undefined, call),
        ]) {
          expect(reply.status).toBe(403);
          expect(reply.body).toEqual({
            accessErrorId: expect.stringMatching(/^ACE\d{10}$/),
            message:
              "You'll need additional permissions to perform this action. Permissions needed: licensing:write, licensing:delete",
            title: 'Access denied',
          });
        }
        const admin = await service.post(path, { roleUid: ADMINISTRATOR }, call);
        const held = actionsOf([ROLES_WRITER, LICENSING_READER]);
        const missing = ACTIONS.filter((action) => !held.has(action));
        expect(admin.status).toBe(403);
        expect((admin.body.message as string).split(': ')[1]?.split(', ').toSorted()).toEqual(
          missing.toSorted(),
        );
      });
    });

    it('nobody raises their own rights', async () => {
      for (const { uid } of ROLES.filter(({ uid: own }) => own !== ADMINISTRATOR)) {
        const { id, token } = await service.caller(uid);
        await withoutEffect(async () => {
          for (const roleUid of [ADMINISTRATOR, LICENSING_WRITER, ROLES_WRITER, ACCOUNTS_WRITER]) {
            if (roleUid === uid || (uid === LICENSING_WRITER && roleUid === LICENSING_READER)) continue;
            const reply = await service.post(`/api/access-control/users/${id}/roles`, { roleUid }, { token });
            expect([uid, roleUid, reply.status]).toEqual([uid, roleUid, 403]);
          }
        });
      }
    });

    it('a holder of every action is no administrator: the role is given, taken and changed by an administrator alone', async () => {
      const manager = await service.caller(...EVERY_FIXED_ROLE);
      const own = `/api/access-control/users/${manager.id}/roles`;
      const administrator = await service.caller(ADMINISTRATOR);
      const others = `/api/serviceaccounts/${administrator.id}`;
      const call = { token: manager.token };
      await withoutEffect(async () => {
        for (const reply of [
          await service.post(own, { roleUid: ADMINISTRATOR }, call),
          await service.delete(
            `/api/access-control/users/${administrator.id}/roles/${ADMINISTRATOR}`,
            undefined,
            call,
          ),
          await patch(others, { isDisabled: true }, manager.token),
          await patch(`${others}/tokens/${administrator.tokenId}`, { isRevoked: true }, manager.token),
          await service.delete(`${others}/tokens/${administrator.tokenId}`, undefined, call),
        ]) {
          expect(reply.status).toBe(403);
          expect((reply.body.message as string).split('Permissions needed: ')[1]).toBe('basic:grafana_admin');
        }
      });
      const byAdministrator = { token: administrator.token };
      expect((await service.post(own, { roleUid: ADMINISTRATOR }, byAdministrator)).status).toBe(200);
      // The token was made by an administrator before, so it has no limit of its own.
      expect((await service.delete(`${own}/${ADMINISTRATOR}`, undefined, call)).status).toBe(200);
    });

    it('an account and its tokens are changed only by a holder of all its actions', async () => {
      const manager = await service.caller(ACCOUNTS_WRITER);
      const powerful = await service.caller(LICENSING_READER);
      const plain = await service.caller();
      const attempts = async (id: number, tokenId: number, token: string) => [
        (await patch(`/api/serviceaccounts/${id}`, { isDisabled: false }, token)).status,
        (await service.post(`/api/serviceaccounts/${id}/tokens`, { name: 'stolen' }, { token })).status,
        (await patch(`/api/serviceaccounts/${id}/tokens/${tokenId}`, { isRevoked: true }, token)).status,
        (await service.delete(`/api/serviceaccounts/${id}/tokens/${tokenId}`, undefined, { token })).status,
      ];
      await withoutEffect(async () => {
        expect(await attempts(powerful.id, powerful.tokenId, manager.token)).toEqual([403, 403, 403, 403]);
      });
      expect(await attempts(plain.id, plain.tokenId, manager.token)).toEqual([200, 200, 200, 200]);
      expect(
        (await service.get(`/api/serviceaccounts/${powerful.id}/tokens`, { token: manager.token })).status,
      ).toBe(200);
    });

    it('each caller is told what it may do with an account, and only where it asks', async () => {
      const manager = await service.caller(ACCOUNTS_WRITER);
      const reader = await service.caller();
      await service.post('/api/access-control/roles', {
        ...{ uid: 'account-reader', name: 'account reader' },
        permissions: [{ action: 'serviceaccounts:read' }],
      });
      await service.post(`/api/access-control/users/${reader.id}/roles`, { roleUid: 'account-reader' });
      const powerful = await service.caller(LICENSING_READER);
      const plain = await service.caller();
      const allowed = async (
        { id }: { id: number },
        token = BOOTSTRAP_TOKEN,
        query = '?accesscontrol=true',
      ) => (await service.get(`/api/serviceaccounts/${id}${query}`, { token })).body.accessControl;
      const both = { 'serviceaccounts:write': true, 'serviceaccounts:delete': true };
      expect(await allowed(powerful)).toEqual(both);
      expect(await allowed(plain, manager.token)).toEqual(both);
      expect(await allowed(powerful, manager.token)).toEqual({});
      expect(await allowed(plain, reader.token)).toEqual({});
      expect(await allowed(plain, manager.token, '')).toBeUndefined();
      expect(await allowed(plain, manager.token, '?accesscontrol=false')).toBeUndefined();
      for (const query of ['=yes', '', '=true&accesscontrol=true'])
        expectBadRequest(await service.get(`/api/serviceaccounts/${plain.id}?accesscontrol${query}`));
    });
  });

  describe('have tokens that give no more than their maker held:', () => {
    const check = async (token: string) => (await service.get('/api/licensing/check', { token })).status;
    const give = async (id: number, roleUid: string) =>
      service.post(`/api/access-control/users/${id}/roles`, { roleUid });
    const make = async (id: number, name: string, token?: string) =>
      (
        await service.post(
          `/api/serviceaccounts/${id}/tokens`,
          { name },
          token === undefined ? {} : { token },
        )
      ).body.key as string;

    it('a role that the account gets later is not in a token that was made before by another', async () => {
      const maker = await service.caller(ACCOUNTS_WRITER);
      const id = await account({ isDisabled: true });
      const early = await make(id, 'early', maker.token);
      expect((await patch(`/api/serviceaccounts/${id}`, { isDisabled: false }, maker.token)).status).toBe(
        200,
      );
      expect((await give(id, LICENSING_READER)).status).toBe(200);
      expect((await give(id, ACCOUNTS_WRITER)).status).toBe(200);
      expect(await check(early)).toBe(403);
      // What its maker held it gives, and what it makes in turn gives no more.
      const other = await account();
      const second = await make(other, 'second', early);
      expect((await give(other, ADMINISTRATOR)).status).toBe(200);
      expect(await check(second)).toBe(403);
      expect((await service.get(`/api/serviceaccounts/${other}/tokens`, { token: second })).status).toBe(200);
      expect(await check(await make(id, 'late'))).toBe(200);
      // The maker's own fate changes nothing: neither more nor less.
      expect((await give(maker.id, LICENSING_READER)).status).toBe(200);
      expect(await check(early)).toBe(403);
    });

    it('one that an administrator made gives what the account gets later', async () => {
      const id = await account();
      const token = await make(id, 'first');
      expect(await check(token)).toBe(403);
      expect((await give(id, LICENSING_READER)).status).toBe(200);
      expect(await check(token)).toBe(200);
    });
  });

  describe('have a limit for each token', () => {
    const EVERYTHING = ROLES.find(({ uid }) => uid === ADMINISTRATOR)?.actions ?? [];
    const give = async (id: number, ...uids: string[]) => {
      for (const roleUid of uids) {
        expect((await service.post(`/api/access-control/users/${id}/roles`, { roleUid })).status).toBe(200);
      }
    };
    const make = async (id: number, token?: string) => {
      const path = `/api/serviceaccounts/${id}/tokens`;
      const { body } = await service.post(path, { name: freshName() }, token === undefined ? {} : { token });
      return { id: body.id as number, key: body.key as string };
    };
    const limitOf = async ({ id }: { readonly id: number }) =>
      (await sql<{ ceiling: string[] }>('SELECT ceiling FROM service_account_token WHERE id = $1', [id]))[0]
        ?.ceiling;

    it('but those of administrators: who holds all actions of today may lack one of a later release', async () => {
      const id = await account();
      const everyRole = await account();
      await give(everyRole, ...EVERY_FIXED_ROLE);
      const maker = await make(everyRole);
      const administrator = await service.caller(ADMINISTRATOR);
      expect(await limitOf(await make(id))).toEqual(['*']);
      expect(await limitOf(await make(id, administrator.token))).toEqual(['*']);
      expect(await limitOf(await make(id, maker.key))).toEqual([...EVERYTHING].sort());
      // A token with a limit passes it on, also when its account is an administrator's by then.
      const later = await account();
      const limited = await make(later, maker.key);
      await give(later, ADMINISTRATOR);
      expect(await limitOf(await make(id, limited.key))).toEqual([...EVERYTHING].sort());
    });

    it('also where a replica of a former release stored none: what the account had then', async () => {
      const id = await account();
      await give(id, LICENSING_READER);
      const made = await make(id);
      await sql('UPDATE service_account_token SET ceiling = NULL WHERE id = $1', [made.id]);
      await give(id, LICENSING_WRITER);
      expect((await service.get('/api/licensing/check', { token: made.key })).status).toBe(200);
      expect((await service.delete('/api/licensing/token', {}, { token: made.key })).status).toBe(403);
    });
  });

  describe('leave a record of each change,', () => {
    it('who, what, to whom and in which request, and no key', async () => {
      const headers = { 'X-Request-Id': 'audit-1' };
      const { body } = await service.post('/api/serviceaccounts', { name: freshName() }, { headers });
      const id = body.id as number;
      const token = await service.post(`/api/serviceaccounts/${id}/tokens`, { name: 'ci' }, { headers });
      const tokenId = token.body.id as number;
      const roles = `/api/access-control/users/${id}/roles`;
      await service.post(roles, { roleUid: LICENSING_READER }, { headers });
      await service.delete(`${roles}/${LICENSING_READER}`, undefined, { headers });
      await service.call('PATCH', `/api/serviceaccounts/${id}`, { body: { role: 'Viewer' }, headers });
      const tokenPath = `/api/serviceaccounts/${id}/tokens/${tokenId}`;
      await service.call('PATCH', tokenPath, { body: { isRevoked: true }, headers });
      await service.delete(tokenPath, undefined, { headers });

      const row = (action: string, detail: object): AuditRow => ({
        actor: 'bootstrap',
        action,
        target: `service-account:${id}`,
        detail,
        request_id: 'audit-1',
      });
      expect(await auditOf(id)).toEqual([
        row('service-account.create', { name: body.name as string }),
        row('service-account.token.create', { tokenId, name: 'ci' }),
        row('role.add', { role: 'fixed:licensing:reader' }),
        row('role.remove', { role: 'fixed:licensing:reader' }),
        row('service-account.update', { role: 'Viewer' }),
        row('service-account.token.revoke', { tokenId }),
        row('service-account.token.delete', { tokenId }),
      ]);
    });

    it('with the account of the caller who made it', async () => {
      const manager = await service.caller(ACCOUNTS_WRITER);
      const { body } = await service.post(
        '/api/serviceaccounts',
        { name: freshName() },
        { token: manager.token },
      );
      expect((await auditOf(body.id as number)).map(({ actor }) => actor)).toEqual([
        `service-account:${manager.id}`,
      ]);
    });

    it('in the transaction of the change', async () => {
      // A seal writes a record's place into its row, in a transaction of its own.
      await sql('ALTER TABLE audit_seal ADD CONSTRAINT no_seal CHECK (false) NOT VALID');
      const { id } = await service.caller(LICENSING_READER);
      const written = await sql<{ action: string; same: boolean }>(
        `SELECT audit.action, audit.xmin::text = coalesce(account.xmin, token.xmin, role.xmin)::text AS same
         FROM audit_event AS audit
         LEFT JOIN service_account AS account ON account.id = $2 AND audit.action = 'service-account.create'
         LEFT JOIN service_account_token AS token
           ON token.service_account_id = $2 AND audit.action = 'service-account.token.create'
         LEFT JOIN role_assignment AS role ON role.service_account_id = $2 AND audit.action = 'role.add'
         WHERE audit.target = $1 ORDER BY audit.id`,
        [`service-account:${id}`, id],
      );
      await sql('ALTER TABLE audit_seal DROP CONSTRAINT no_seal');
      expect(written).toEqual([
        { action: 'service-account.create', same: true },
        { action: 'role.add', same: true },
        { action: 'service-account.token.create', same: true },
      ]);
    });

    it('and without a record there is no change', async () => {
      const { id, tokenId } = await service.caller(LICENSING_READER);
      await sql('ALTER TABLE audit_event ADD CONSTRAINT no_more CHECK (false) NOT VALID');
      try {
        await withoutEffect(async () => {
          for (const reply of [
            await service.post('/api/serviceaccounts', { name: freshName() }),
            await patch(`/api/serviceaccounts/${id}`, { role: 'Viewer' }),
            await service.post(`/api/serviceaccounts/${id}/tokens`, { name: 'other' }),
            await patch(`/api/serviceaccounts/${id}/tokens/${tokenId}`, { isRevoked: true }),
            await service.delete(`/api/serviceaccounts/${id}/tokens/${tokenId}`),
            await service.post(`/api/access-control/users/${id}/roles`, { roleUid: ROLES_READER }),
            await service.delete(`/api/access-control/users/${id}/roles/${LICENSING_READER}`),
          ]) {
            expect([reply.status, reply.body.messageId]).toEqual([500, 'internal-error']);
            expect(reply.text).not.toMatch(/audit|no_more|constraint/);
          }
        });
      } finally {
        await sql('ALTER TABLE audit_event DROP CONSTRAINT no_more');
      }
    });
  });
});

describe('The last holder of roles:write', () => {
  let database: TestDatabase;
  let service: TestService;
  let last: { id: number; token: string; tokenId: number };
  let other: { id: number; token: string };

  beforeAll(async () => {
    database = await testDatabase();
    const first = await TestService.start(database);
    last = await first.caller(ROLES_WRITER, ACCOUNTS_WRITER);
    other = await first.caller(ACCOUNTS_WRITER, LICENSING_READER);
    await first.stop();
    service = await TestService.start(database, { BOOTSTRAP_TOKEN: undefined });
  });

  afterAll(async () => {
    await service.stop();
    await database.drop();
  });

  const removeOwnRole = async () =>
    service.delete(`/api/access-control/users/${last.id}/roles/${ROLES_WRITER}`, undefined, {
      token: last.token,
    });
  const disable = async (id: number, isDisabled: boolean) =>
    service.call('PATCH', `/api/serviceaccounts/${id}`, { body: { isDisabled }, token: last.token });

  it('keeps the role, and is not disabled, where it is the only holder', async () => {
    for (const reply of [await removeOwnRole(), await disable(last.id, true)]) {
      expect([reply.status, reply.body.messageId]).toEqual([409, 'access.last-administrator']);
    }
    expect((await service.get(`/api/serviceaccounts/${last.id}/tokens`, { token: last.token })).status).toBe(
      200,
    );
  });

  it('keeps the last token that gives it, neither revoked nor deleted', async () => {
    const path = `/api/serviceaccounts/${last.id}/tokens/${last.tokenId}`;
    const call = { body: { isRevoked: true }, token: last.token };
    for (const reply of [
      await service.call('PATCH', path, call),
      await service.delete(path, undefined, { token: last.token }),
    ]) {
      expect([reply.status, reply.body.messageId]).toEqual([409, 'access.last-administrator']);
    }
    const another = await service.post(
      `/api/serviceaccounts/${last.id}/tokens`,
      { name: 'another' },
      { token: last.token },
    );
    expect((await service.delete(path, undefined, { token: last.token })).status).toBe(200);
    last = { ...last, token: another.body.key as string, tokenId: another.body.id as number };
  });

  it('keeps that token also where a former release stored it without a limit', async () => {
    const ceiling = (value: string) =>
      service.running.application.nest
        .get(Database)
        .transaction(async (manager) =>
          manager.query(`UPDATE service_account_token SET ceiling = ${value} WHERE id = $1`, [last.tokenId]),
        );
    await ceiling('NULL');
    try {
      const path = `/api/serviceaccounts/${last.id}/tokens/${last.tokenId}`;
      const reply = await service.delete(path, undefined, { token: last.token });
      expect([reply.status, reply.body.messageId]).toEqual([409, 'access.last-administrator']);
    } finally {
      await ceiling(`ARRAY['*']`);
    }
  });

  it('keeps it where the only other holder is disabled or has no token that works, and loses it where one works', async () => {
    const roles = `/api/access-control/users/${other.id}/roles`;
    // Who can give roles holds what he gives: an account that he manages as well.
    const { body } = await service.post('/api/serviceaccounts', { name: 'second' }, { token: last.token });
    const second = body.id as number;
    await service.post(
      `/api/access-control/users/${second}/roles`,
      { roleUid: ROLES_WRITER },
      { token: last.token },
    );
    expect((await service.post(roles, { roleUid: ADMINISTRATOR }, { token: last.token })).status).toBe(403);

    // Without a token that works there is no second holder.
    expect((await removeOwnRole()).status).toBe(409);
    await service.post(
      `/api/access-control/users/${second}/roles`,
      { roleUid: ACCOUNTS_WRITER },
      { token: last.token },
    );
    expect((await removeOwnRole()).status).toBe(409);
    const tokens = `/api/serviceaccounts/${second}/tokens`;
    const byLast = { token: last.token };
    const brief = await service.post(tokens, { name: 'brief', secondsToLive: 60 }, byLast);
    expect(brief.status).toBe(200);
    service.clock.advance(61_000);
    expect((await removeOwnRole()).status).toBe(409);
    const made = await service.post(tokens, { name: 'lasting' }, byLast);
    expect(made.status).toBe(200);

    expect((await disable(second, true)).status).toBe(200);
    expect((await removeOwnRole()).status).toBe(409);
    expect((await disable(second, false)).status).toBe(200);
    expect((await removeOwnRole()).status).toBe(200);
  });
});

describe('The last holder of roles:write beside a configured administrator', () => {
  it('can be removed: the administrator is left', async () => {
    const database = await testDatabase();
    const service = await TestService.start(database);
    try {
      const { id } = await service.caller(ROLES_WRITER);
      expect((await service.delete(`/api/access-control/users/${id}/roles/${ROLES_WRITER}`)).status).toBe(
        200,
      );
    } finally {
      await service.stop();
      await database.drop();
    }
  });
});

describe('The last administrator’s token', () => {
  let database: TestDatabase;
  let service: TestService;
  let admin: { id: number; token: string; tokenId: number };

  beforeAll(async () => {
    database = await testDatabase();
    const first = await TestService.start(database);
    admin = await first.caller(ADMINISTRATOR);
    await first.caller(ROLES_WRITER, ACCOUNTS_WRITER);
    await first.stop();
    service = await TestService.start(database, { BOOTSTRAP_TOKEN: undefined });
  });

  afterAll(async () => {
    await service.stop();
    await database.drop();
  });

  const tokens = () => `/api/serviceaccounts/${admin.id}/tokens`;
  const make = async (name: string, secondsToLive = 0) =>
    (await service.post(tokens(), { name, secondsToLive }, { token: admin.token })).body.key as string;
  const revokeBy = async (token: string) =>
    (await service.call('PATCH', `${tokens()}/${admin.tokenId}`, { body: { isRevoked: true }, token }))
      .status;

  it('stays beside an account that manages roles: that one cannot give every action', async () => {
    const roles = `/api/access-control/users/${admin.id}/roles`;
    const byAdmin = { token: admin.token };
    expect((await service.delete(`${roles}/${ADMINISTRATOR}`, undefined, byAdmin)).status).toBe(409);
    expect((await service.get('/api/licensing/check', byAdmin)).status).toBe(200);
  });

  it('stays beside one that expires within a day, and may go beside one that lasts longer', async () => {
    const brief = await make('brief', 3600);
    expect(await revokeBy(brief)).toBe(409);
    const longer = await make('longer', 25 * 3600);
    expect(await revokeBy(longer)).toBe(200);
    // What is left expires, and may still be replaced: nothing that lasts is taken away.
    expect((await service.get('/api/licensing/check', { token: longer })).status).toBe(200);
  });
});
