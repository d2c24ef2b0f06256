import { Database } from '../../../src/database/database.js';
import { type TestDatabase, POSTGRES_URL, testDatabase } from '../../support/database.js';
import { BOOTSTRAP_TOKEN, TestService } from '../../support/service.js';
import { type RawAnswer, send } from '../http/raw-http.js';

const CHECK = '/api/licensing/check';
const READER = 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE';
const ROLES_WRITER = 'fixed_W5aFaw8isAM27x_eWfElBhZ0iOc';
const PASSWORD = 'correct horse battery';
const MINUTE = 60_000;

const bearer = (token: string) => `Bearer ${token}`;
const basic = (name: string, password: string) =>
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;

describe('Authentication', () => {
  let database: TestDatabase;
  let service: TestService;

  beforeAll(async () => {
    database = await testDatabase();
    service = await TestService.start(database, { ADMIN_USER: 'jürgen', ADMIN_PASSWORD: PASSWORD });
  });

  afterAll(async () => {
    await service.stop();
    await database.drop();
  });

  async function check(authorization?: string | string[], from = '127.0.0.1'): Promise<RawAnswer> {
    const headers = authorization === undefined ? {} : { Authorization: authorization };
    return send(service.url, { path: CHECK, headers, from });
  }

  async function expectRefusal(answer: RawAnswer, messageId: string, message: string): Promise<void> {
    expect(answer.body).toEqual({ message, messageId, statusCode: 401, traceID: '' });
    expect(answer.status).toBe(401);
    expect(Object.keys(answer.headers)).not.toContain('www-authenticate');
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  }

  describe('by a bearer token', () => {
    it('lets in the bootstrap token and a token of a service account', async () => {
      const { token } = await service.caller(READER);
      expect((await check(bearer(BOOTSTRAP_TOKEN))).status).toBe(200);
      expect((await check(bearer(token))).status).toBe(200);
    });

    it.each(['bearer', 'BEARER', 'bEaReR'])('takes the scheme as %s', async (scheme) => {
      expect((await check(`${scheme} ${BOOTSTRAP_TOKEN}`)).status).toBe(200);
    });

    it('takes the token by its exact letters', async () => {
      await expectRefusal(
        await check(bearer(BOOTSTRAP_TOKEN.toUpperCase())),
        'api-key.invalid',
        'Invalid API key',
      );
    });

    it('answers 401 auth.unauthorized without credentials', async () => {
      await expectRefusal(await check(), 'auth.unauthorized', 'Unauthorized');
    });

    it.each([
      '',
      'Bearer',
      'Bearer ',
      `Bearer  ${BOOTSTRAP_TOKEN}`,
      `Bearer ${BOOTSTRAP_TOKEN} ${BOOTSTRAP_TOKEN}`,
      `Bearer\t${BOOTSTRAP_TOKEN}`,
      BOOTSTRAP_TOKEN,
      `Token ${BOOTSTRAP_TOKEN}`,
      `Bearer:${BOOTSTRAP_TOKEN}`,
      `Bearer, Bearer ${BOOTSTRAP_TOKEN}`,
      'Basic',
      'Basic !!!!',
      `Basic ${Buffer.from('no colon').toString('base64')}`,
      `Basic ${Buffer.from([0x61, 0x3a, 0xff]).toString('base64')}`,
      'Digest username="a"',
      '\u00ff\u00fe',
    ])('answers 401 auth.unauthorized to the unusable header %j', async (header) => {
      await expectRefusal(await check(header), 'auth.unauthorized', 'Unauthorized');
    });

    it.each([
      ['of the same credentials', [bearer(BOOTSTRAP_TOKEN), bearer(BOOTSTRAP_TOKEN)]],
      ['of right and wrong ones', [bearer(BOOTSTRAP_TOKEN), bearer('wrong')]],
      ['of wrong and right ones', [bearer('wrong'), bearer(BOOTSTRAP_TOKEN)]],
      ['of two kinds', [basic('jürgen', PASSWORD), bearer(BOOTSTRAP_TOKEN)]],
    ])('answers 401 auth.unauthorized to two headers %s', async (_, headers) => {
      await expectRefusal(await check(headers), 'auth.unauthorized', 'Unauthorized');
      const spelled = { authorization: headers[0] ?? '', AUTHORIZATION: headers[1] ?? '' };
      const answer = await fetch(`${service.url}${CHECK}`, { headers: spelled });
      expect(answer.status).toBe(401);
    });

    it('ignores a token in the query and in the body', async () => {
      const inQuery = `?access_token=${BOOTSTRAP_TOKEN}&token=${BOOTSTRAP_TOKEN}&auth_token=${BOOTSTRAP_TOKEN}`;
      await expectRefusal(
        await send(service.url, { path: `${CHECK}${inQuery}` }),
        'auth.unauthorized',
        'Unauthorized',
      );
      for (const [type, body] of [
        ['application/json', JSON.stringify({ access_token: BOOTSTRAP_TOKEN, token: BOOTSTRAP_TOKEN })],
        ['application/x-www-form-urlencoded', `access_token=${BOOTSTRAP_TOKEN}`],
      ] as const) {
        const answer = await send(service.url, {
          method: 'POST',
          path: '/api/licensing/token',
          headers: { 'Content-Type': type },
          body,
        });
        await expectRefusal(answer, 'auth.unauthorized', 'Unauthorized');
      }
      await expectRefusal(
        await send(service.url, {
          path: `${CHECK}${inQuery}`,
          headers: { Authorization: bearer('wrong'), Cookie: `token=${BOOTSTRAP_TOKEN}` },
        }),
        'api-key.invalid',
        'Invalid API key',
      );
    });

    it('does not mind a token in the query beside the one in the header', async () => {
      const answer = await send(service.url, {
        path: `${CHECK}?access_token=wrong`,
        headers: { Authorization: bearer(BOOTSTRAP_TOKEN) },
      });
      expect(answer.status).toBe(200);
    });

    it('makes malformed, unknown and deleted tokens look the same', async () => {
      const { id, token, tokenId } = await service.caller(READER);
      expect((await check(bearer(token))).status).toBe(200);
      await service.delete(`/api/serviceaccounts/${id}/tokens/${tokenId}`);
      const unknown = token.replace(/^licsa_./, (start) => `licsa_${start.endsWith('a') ? 'b' : 'a'}`);
      const answers = await Promise.all(
        [
          token,
          unknown,
          'licsa_0123456789abcdefABCDEF0123456789_00000000',
          'licsa_',
          'x',
          'a'.repeat(9_000),
          '../../etc/passwd',
          "' OR 1=1 --".replaceAll(' ', '+'),
          '\u00e9\u00ff',
          'eyJhbGciOiJub25lIn0.e30.',
        ].map((wrong) => check(bearer(wrong))),
      );
      for (const answer of answers) await expectRefusal(answer, 'api-key.invalid', 'Invalid API key');
      const shapes = answers.map(({ headers, text }) => {
        const same = Object.entries(headers).filter(([name]) => name !== 'x-request-id' && name !== 'date');
        return JSON.stringify([same, text]);
      });
      expect(new Set(shapes).size).toBe(1);
    });

    it('refuses a token from the very millisecond in which it expires', async () => {
      const { id } = await service.caller(READER);
      const { body } = await service.post(`/api/serviceaccounts/${id}/tokens`, {
        name: 'short',
        secondsToLive: 60,
      });
      const tokens = await service.get(`/api/serviceaccounts/${id}/tokens`);
      const expiration = Date.parse(tokens.body[1].expiration as string);
      const clock = service.clock as { now: () => number };
      try {
        clock.now = () => expiration - 1;
        expect((await check(bearer(body.key as string))).status).toBe(200);
        clock.now = () => expiration;
        await expectRefusal(await check(bearer(body.key as string)), 'api-key.expired', 'Expired API key');
        const { body: listed } = await service.get(`/api/serviceaccounts/${id}/tokens`);
        expect([listed[1].hasExpired, listed[1].secondsUntilExpiration]).toEqual([true, 0]);
      } finally {
        Reflect.deleteProperty(clock, 'now');
      }
    });

    it('refuses a revoked token from the next request on, and only that one', async () => {
      const { id, token, tokenId } = await service.caller(READER);
      const other = await service.post(`/api/serviceaccounts/${id}/tokens`, { name: 'other' });
      expect((await check(bearer(token))).status).toBe(200);
      await service.call('PATCH', `/api/serviceaccounts/${id}/tokens/${tokenId}`, {
        body: { isRevoked: true },
      });
      await expectRefusal(await check(bearer(token)), 'api-key.revoked', 'Revoked API key');
      expect((await check(bearer(other.body.key as string))).status).toBe(200);
    });

    it('refuses the tokens of a disabled account from the next request on, until it is enabled', async () => {
      const { id, token } = await service.caller(READER);
      expect((await check(bearer(token))).status).toBe(200);
      await service.call('PATCH', `/api/serviceaccounts/${id}`, { body: { isDisabled: true } });
      await expectRefusal(await check(bearer(token)), 'identity.disabled', 'Unauthorized');
      await service.call('PATCH', `/api/serviceaccounts/${id}`, { body: { isDisabled: false } });
      expect((await check(bearer(token))).status).toBe(200);
    });

    it('counts a role given or taken from the next request on', async () => {
      const { id, token } = await service.caller();
      expect((await check(bearer(token))).status).toBe(403);
      await service.post(`/api/access-control/users/${id}/roles`, { roleUid: READER });
      expect((await check(bearer(token))).status).toBe(200);
      await service.delete(`/api/access-control/users/${id}/roles/${READER}`);
      expect((await check(bearer(token))).status).toBe(403);
    });

    it('counts each of these too where another caller comes first after the change', async () => {
      const [revoked, disabled, demoted, deleted] = await Promise.all(
        Array.from({ length: 4 }, async () => service.caller(READER)),
      );
      if (!revoked || !disabled || !demoted || !deleted) throw new Error('four callers are needed');
      const statuses = async () => {
        // What was found out for one caller must not bring back what was known of another.
        expect((await check(bearer(BOOTSTRAP_TOKEN))).status).toBe(200);
        const answers = [];
        for (const { token } of [revoked, disabled, demoted, deleted])
          answers.push(await check(bearer(token)));
        return answers.map(({ status, body }) => (status === 401 ? body.messageId : status) as unknown);
      };
      expect(await statuses()).toEqual([200, 200, 200, 200]);
      const tokens = `/api/serviceaccounts/${revoked.id}/tokens/${revoked.tokenId}`;
      await service.call('PATCH', tokens, { body: { isRevoked: true } });
      expect(await statuses()).toEqual(['api-key.revoked', 200, 200, 200]);
      await service.call('PATCH', `/api/serviceaccounts/${disabled.id}`, { body: { isDisabled: true } });
      expect(await statuses()).toEqual(['api-key.revoked', 'identity.disabled', 200, 200]);
      await service.delete(`/api/access-control/users/${demoted.id}/roles/${READER}`);
      expect(await statuses()).toEqual(['api-key.revoked', 'identity.disabled', 403, 200]);
      await service.delete(`/api/serviceaccounts/${deleted.id}/tokens/${deleted.tokenId}`);
      expect(await statuses()).toEqual(['api-key.revoked', 'identity.disabled', 403, 'api-key.invalid']);
    });

    it('tells a caller who may do nothing from one who is not known', async () => {
      const { token } = await service.caller();
      const answer = await check(bearer(token));
      expect([answer.status, Object.keys(answer.body).sort()]).toEqual([
        403,
        ['accessErrorId', 'message', 'title'],
      ]);
    });

    it('leaves no trace of a token in the database: only its SHA-256', async () => {
      const { token, tokenId } = await service.caller(READER);
      await check(bearer(token));
      const nest = service.running.application.nest;
      const rows = await nest.get(Database).read(async (manager) => {
        const tables = await manager.query<{ name: string }[]>(
          "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'",
        );
        const found: string[] = [];
        for (const { name } of tables) {
          const content = await manager.query<{ text: string }[]>(
            `SELECT to_jsonb(t)::text AS text FROM "${name}" t`,
          );
          found.push(...content.map(({ text }) => `${name} ${text}`));
        }
        return found;
      });
      const stored = rows.find((row) => row.startsWith(`service_account_token {"id": ${tokenId},`));
      expect(stored).toMatch(/"hash": "[A-Za-z0-9_-]{43}"/);
      for (const part of [token, token.slice(6, 38), token.slice(0, 20), token.slice(-20), BOOTSTRAP_TOKEN]) {
        expect(rows.filter((row) => row.includes(part))).toEqual([]);
      }
    });

    it('shows a token once: neither its list nor anything else has it', async () => {
      const { id, token } = await service.caller(READER);
      const { text } = await service.get(`/api/serviceaccounts/${id}/tokens`);
      expect(text).not.toContain(token.slice(6, 38));
      expect(token).toMatch(/^licsa_[0-9A-Za-z]{32}_[0-9a-f]{8}$/);
    });
  });

  describe('by name and password', () => {
    const right = basic('jürgen', PASSWORD);
    const failed = ['password-auth.failed', 'Invalid username or password'] as const;

    it.each(['Basic', 'basic', 'BASIC'])(
      'lets the administrator in with the scheme as %s',
      async (scheme) => {
        expect((await check(right.replace('Basic', scheme))).status).toBe(200);
      },
    );

    it.each([
      ['a wrong password', basic('jürgen', 'wrong'), '127.0.0.9'],
      ['an empty one', basic('jürgen', ''), '127.0.0.9'],
      ['a name that nobody has', basic('nobody', PASSWORD), '127.0.0.9'],
      ['another letter case', basic('Jürgen', PASSWORD), '127.0.0.9'],
      ['nothing at all', basic('', ''), '127.0.0.9'],
      ['a bearer token for a password', basic('api_key', BOOTSTRAP_TOKEN), '127.0.0.9'],
    ])('refuses %s', async (_, header, from) => {
      await expectRefusal(await check(header, from), ...failed);
    });

    it('blocks name and address after five failures, even for the right password, for five minutes', async () => {
      const from = '127.0.0.5';
      const { token } = await service.caller(READER);
      for (let failure = 1; failure <= 4; failure += 1) {
        await expectRefusal(await check(basic('jürgen', `wrong ${failure}`), from), ...failed);
      }
      service.clock.advance(4 * MINUTE);
      await expectRefusal(await check(basic('jürgen', 'wrong 5'), from), ...failed);

      await expectRefusal(await check(right, from), ...failed);
      await expectRefusal(await check(basic('nobody', 'x'), from), ...failed);
      // Others are not harmed: another address, a bearer token from the same one.
      expect((await check(right, '127.0.0.6')).status).toBe(200);
      expect((await check(bearer(token), from)).status).toBe(200);
      expect((await check(bearer(BOOTSTRAP_TOKEN), from)).status).toBe(200);

      service.clock.advance(MINUTE - 5_000);
      await expectRefusal(await check(right, from), ...failed);
      service.clock.advance(5_000);
      expect((await check(right, from)).status).toBe(200);
    });

    it('is not blocked for one name by failures of other names from the same address', async () => {
      const from = '127.0.0.7';
      for (let failure = 0; failure < 10; failure += 1) {
        await expectRefusal(await check(basic(`nobody ${failure % 2}`, 'wrong'), from), ...failed);
        await expectRefusal(await check(bearer('wrong'), from), 'api-key.invalid', 'Invalid API key');
      }
      expect((await check(right, from)).status).toBe(200);
    });

    it('starts to count anew after a success', async () => {
      const from = '127.0.0.8';
      for (let round = 0; round < 2; round += 1) {
        for (let failure = 0; failure < 4; failure += 1) await check(basic('jürgen', 'wrong'), from);
        expect((await check(right, from)).status).toBe(200);
      }
    });

    it('does not take an address from a header', async () => {
      const from = '127.0.0.10';
      for (let failure = 0; failure < 5; failure += 1) {
        const headers = { Authorization: basic('jürgen', 'wrong'), 'X-Forwarded-For': `10.0.0.${failure}` };
        await send(service.url, { path: CHECK, headers, from });
      }
      await expectRefusal(await check(right, from), ...failed);
    });

    it('is refused for every caller where no administrator is configured', async () => {
      const own = await testDatabase();
      const without = await TestService.start(own);
      try {
        const headers = { Authorization: basic('', '') };
        expect((await send(without.url, { path: CHECK, headers })).body.messageId).toBe(
          'password-auth.failed',
        );
      } finally {
        await without.stop();
        await own.drop();
      }
    });
  });

  describe('on another replica', () => {
    // The embedded database is one process's own.
    const onPostgres = POSTGRES_URL === undefined ? it.skip : it;

    onPostgres('knows a new token at once, and a change within a second', async () => {
      const replica = await TestService.start(database, {});
      const on = async (token: string) => (await replica.get(CHECK, { token })).status;
      const within = async (status: number, token: string) => {
        const deadline = performance.now() + 1_000;
        while ((await on(token)) !== status && performance.now() < deadline) {
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        expect(await on(token)).toBe(status);
      };
      try {
        const { id, token, tokenId } = await service.caller(READER);
        expect(await on(token)).toBe(200);
        await service.delete(`/api/access-control/users/${id}/roles/${READER}`);
        await within(403, token);
        await service.post(`/api/access-control/users/${id}/roles`, { roleUid: ROLES_WRITER });
        await service.call('PATCH', `/api/serviceaccounts/${id}`, { body: { isDisabled: true } });
        await within(401, token);
        const other = await service.caller(READER);
        expect(await on(other.token)).toBe(200);
        await service.call('PATCH', `/api/serviceaccounts/${other.id}/tokens/${other.tokenId}`, {
          body: { isRevoked: true },
        });
        await within(401, other.token);
        await service.delete(`/api/serviceaccounts/${id}/tokens/${tokenId}`);
      } finally {
        await replica.stop();
      }
    });
  });
});
