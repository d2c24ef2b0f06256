import { SessionKeeper } from '../../../src/ui/session-keeper.js';
import { SignInLinks } from '../../../src/ui/sign-in-links.js';
import { SnapshotService } from '../../../src/snapshot/snapshot.service.js';
import { Database } from '../../../src/database/database.js';
import { hashToken } from '../../../src/access/service-account-token.js';
import { createLogger } from '../../../src/http/logger.js';
import { type TestDatabase, testDatabase } from '../../support/database.js';
import { BOOTSTRAP_TOKEN, type Reply, TestService } from '../../support/service.js';
import { OWN, TestPage } from './ui-stage.js';

const CHECK = '/api/licensing/check';
const READER = 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE';
const ACCOUNTS = 'fixed_iBvUNUEZBZ7PUW0vdkN5iojc2sk';
const PASSWORD = 'correct horse battery';
const ADA = { name: 'ada', password: PASSWORD };
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const codeOf = ({ status, body }: Reply) => [status, body.messageId ?? ''];

describe('A session of the page', () => {
  let database: TestDatabase;
  let service: TestService;
  let page: TestPage;
  const lines: string[] = [];

  beforeAll(async () => {
    database = await testDatabase();
    const logger = createLogger('trace', { write: (line: string) => void lines.push(line) });
    service = await TestService.start(database, { ADMIN_USER: 'ada', ADMIN_PASSWORD: PASSWORD }, logger);
  });

  beforeEach(() => {
    page = new TestPage(service);
  });

  afterAll(async () => {
    await service.stop();
    await database.drop();
  });

  const rows = async (): Promise<{ id: string; hash: string; lastUsed: Date }[]> =>
    service.running.application.nest
      .get(Database)
      .read((manager) =>
        manager.query('SELECT id, hash, last_used_at AS "lastUsed" FROM ui_session ORDER BY id'),
      );
  const sql = async (statement: string) =>
    service.running.application.nest
      .get(Database)
      .transaction(async (manager) => manager.query<unknown>(statement));
  const keep = async () => service.running.application.nest.get(SessionKeeper).keep();
  const idOf = async ({ secret }: TestPage) =>
    Number((await rows()).find(({ hash }) => hash === hashToken(secret))?.id);

  describe('is opened', () => {
    it('by an administrator, and tells until when it lasts', async () => {
      const now = Math.floor(service.clock.now() / 1000);
      const reply = await page.signIn(ADA);
      expect([reply.status, reply.body.caller]).toEqual([201, { name: 'ada', kind: 'administrator' }]);
      expect(reply.body.actions).toContain('licensing:delete');
      expect(reply.body.unlimited).toBe(true);
      expect(reply.body.expiresAt - now - 12 * 3600).toBeLessThan(30);
      expect(reply.body.idleExpiresAt - now - 30 * 60).toBeLessThan(30);
      expect((await page.call('GET', CHECK)).status).toBe(200);
      expect((await page.call('GET', '/ui/session')).body).toMatchObject({
        caller: { name: 'ada', kind: 'administrator' },
        expiresAt: reply.body.expiresAt,
      });
    });

    it('by a token, with the actions of its account, and by the bootstrap token', async () => {
      const { token } = await service.caller(READER);
      const reply = await page.signIn({ token });
      expect(reply.body).toMatchObject({
        caller: { name: expect.stringMatching(/^caller \d+$/) as string, kind: 'service-account' },
        actions: ['licensing.reports:read', 'licensing:read'],
        unlimited: false,
      });
      expect((await page.call('GET', CHECK)).status).toBe(200);
      expect((await page.call('GET', '/api/audit')).status).toBe(403);
      const other = new TestPage(service);
      expect((await other.signIn({ token: BOOTSTRAP_TOKEN })).body.caller.kind).toBe('bootstrap');
      expect((await other.call('GET', '/api/audit')).status).toBe(200);
    });

    it('with a cookie that no script and no other site gets', async () => {
      await page.signIn(ADA);
      expect(page.cookie).toMatch(/^licentia_session=[\w-]{43}$/);
      expect(page.attributes).toEqual(['Path=/', 'HttpOnly', 'SameSite=Strict']);
    });

    it('in the place of the one that the browser had', async () => {
      await page.signIn(ADA);
      const former = page.cookie;
      await page.signIn(ADA);
      expect(page.cookie).not.toBe(former);
      const reply = await service.call('GET', CHECK, {
        token: null,
        headers: { ...OWN, Cookie: former ?? '' },
      });
      expect(codeOf(reply)).toEqual([401, 'session.ended']);
      expect((await page.call('GET', CHECK)).status).toBe(200);
    });

    it('and is stored by its hash alone, and logged and recorded without it', async () => {
      const { token } = await service.caller(READER);
      await page.signIn({ token });
      await page.signIn(ADA);
      const id = await idOf(page);
      expect(id).toBeGreaterThan(0);
      await page.call('GET', CHECK);
      const audit = await service.get(`/api/audit?target=session:${id}`);
      expect(audit.body.records).toEqual([
        expect.objectContaining({
          action: 'session.sign-in',
          actor: 'administrator:ada',
          client: '127.0.0.1',
          after: expect.objectContaining({ caller: 'administrator:ada' }) as object,
        }),
      ]);
      const dump = await service.running.application.nest
        .get(Database)
        .read((manager) => manager.query('SELECT ui_session::text FROM ui_session'));
      const metrics = await service.get('/metrics', { token: null });
      const told = [lines.join('\n'), JSON.stringify(dump), audit.text, metrics.text].join('\n');
      expect(lines.some((line) => line.includes('"route":"/ui/session"'))).toBe(true);
      for (const secret of [page.secret, token, PASSWORD]) expect(told.includes(secret)).toBe(false);
    });
  });

  describe('is not opened', () => {
    it.each<[string, object, string]>([
      ['a wrong password', { name: 'ada', password: 'wrong' }, 'password-auth.failed'],
      ['a name that nobody has', { name: 'bob', password: PASSWORD }, 'password-auth.failed'],
      ['a name with a colon', { name: 'ada:', password: PASSWORD }, 'password-auth.failed'],
      ['an unknown token', { token: 'licsa_nobody' }, 'api-key.invalid'],
      ['a token that no header can carry', { token: 'a b\n' }, 'api-key.invalid'],
      ['an empty token', { token: '' }, 'api-key.invalid'],
      ['a code that is none', { link: 'x' }, 'session.link-invalid'],
    ])('by %s', async (_, credentials, code) => {
      const reply = await page.signIn(credentials);
      expect(codeOf(reply)).toEqual([401, code]);
      expect(reply.headers.getSetCookie()).toEqual([]);
    });

    it.each([{}, { name: 'ada' }, { ...ADA, token: 'x' }, { token: 1 }, { link: null }, { user: 'ada' }])(
      'by the body %j',
      async (body) => {
        expect(codeOf(await page.signIn(body))).toEqual([400, 'bad-request']);
      },
    );

    it('by a token that is revoked, expired or of a disabled account', async () => {
      const [revoked, disabled] = [await service.caller(READER), await service.caller(READER)];
      await service.call('PATCH', `/api/serviceaccounts/${revoked.id}/tokens/${revoked.tokenId}`, {
        body: { isRevoked: true },
      });
      await service.call('PATCH', `/api/serviceaccounts/${disabled.id}`, { body: { isDisabled: true } });
      expect(codeOf(await page.signIn(revoked))).toEqual([400, 'bad-request']);
      expect(codeOf(await page.signIn({ token: revoked.token }))).toEqual([401, 'api-key.revoked']);
      expect(codeOf(await page.signIn({ token: disabled.token }))).toEqual([401, 'identity.disabled']);
    });

    it('after five wrong passwords, by the right one either, with the same answer; and Basic is blocked too', async () => {
      const wrong = await page.signIn({ name: 'ada', password: 'wrong' });
      for (let tries = 0; tries < 5; tries += 1) await page.signIn({ name: 'ada', password: 'wrong' });
      const right = await page.signIn(ADA);
      expect([right.status, right.text]).toEqual([wrong.status, wrong.text]);
      const basic = `Basic ${Buffer.from(`ada:${PASSWORD}`).toString('base64')}`;
      const call = await service.get(CHECK, { token: null, headers: { Authorization: basic } });
      expect(codeOf(call)).toEqual([401, 'password-auth.failed']);
      service.clock.advance(6 * MINUTE);
      expect((await page.signIn(ADA)).status).toBe(201);
    });
  });

  describe('by a link', () => {
    it('is opened once, within ten minutes, for the token that the link stands for', async () => {
      const { token } = await service.caller(READER);
      const links = service.running.application.nest.get(SignInLinks);
      const [code, late] = [links.create(hashToken(token)), links.create(hashToken(token))];
      const [first, second] = await Promise.all([
        page.signIn({ link: code }),
        new TestPage(service).signIn({ link: code }),
      ]);
      expect([first.status, second.status].sort()).toEqual([201, 401]);
      expect((await page.call('GET', '/ui/session')).body.caller.kind).toBe('service-account');
      service.clock.advance(10 * MINUTE);
      expect(codeOf(await new TestPage(service).signIn({ link: late }))).toEqual([
        401,
        'session.link-invalid',
      ]);
    });

    it('that the database failed can be tried again, and then no more', async () => {
      const { token } = await service.caller(READER);
      const code = service.running.application.nest.get(SignInLinks).create(hashToken(token));
      await sql('ALTER TABLE ui_session ADD CONSTRAINT no_more CHECK (false) NOT VALID');
      try {
        expect((await page.signIn({ link: code })).status).toBe(500);
      } finally {
        await sql('ALTER TABLE ui_session DROP CONSTRAINT no_more');
      }
      expect((await page.signIn({ link: code })).status).toBe(201);
      expect(codeOf(await page.signIn({ link: code }))).toEqual([401, 'session.link-invalid']);
    });

    it('is not opened once the token is revoked', async () => {
      const { token, id, tokenId } = await service.caller(READER);
      const code = service.running.application.nest.get(SignInLinks).create(hashToken(token));
      await service.call('PATCH', `/api/serviceaccounts/${id}/tokens/${tokenId}`, {
        body: { isRevoked: true },
      });
      expect(codeOf(await page.signIn({ link: code }))).toEqual([401, 'api-key.revoked']);
    });
  });

  describe('ends', () => {
    it('when its caller signs out, and the cookie goes', async () => {
      await page.signIn(ADA);
      const [{ cookie }, id] = [page, await idOf(page)];
      expect((await page.call('DELETE', '/ui/session')).status).toBe(204);
      expect(page.cookie).toBeUndefined();
      page.cookie = cookie;
      expect(codeOf(await page.call('GET', CHECK))).toEqual([401, 'session.ended']);
      const { body } = await service.get(`/api/audit?action=session.sign-out&target=session:${id}`);
      expect(body.records).toMatchObject([
        { actor: 'administrator:ada', before: { caller: 'administrator:ada' } },
      ]);
    });

    it('after 30 minutes without a call, and not while it is used', async () => {
      await page.signIn(ADA);
      for (let calls = 0; calls < 3; calls += 1) {
        service.clock.advance(29 * MINUTE);
        expect((await page.call('GET', CHECK)).status).toBe(200);
      }
      service.clock.advance(30 * MINUTE);
      expect(codeOf(await page.call('GET', CHECK))).toEqual([401, 'session.ended']);
    });

    it('after 30 minutes in which the page alone calls: its reads let in, and do not count as a use', async () => {
      await page.signIn(ADA);
      const poll = () => page.call('GET', CHECK, undefined, { ...OWN, 'X-Page-Poll': 'true' });
      const ends = async () =>
        (await page.call('GET', '/ui/session', undefined, { ...OWN, 'X-Page-Poll': 'true' })).body
          .idleExpiresAt as number;
      const first = await ends();
      service.clock.advance(29 * MINUTE);
      expect((await poll()).status).toBe(200);
      expect(await ends()).toBe(first);
      expect((await page.call('GET', CHECK)).status).toBe(200);
      expect(await ends()).toBeGreaterThan(first);
      for (let minutes = 0; minutes < 29; minutes += 1) {
        service.clock.advance(MINUTE);
        expect((await poll()).status).toBe(200);
      }
      service.clock.advance(MINUTE);
      expect(codeOf(await poll())).toEqual([401, 'session.ended']);
    });

    it('after 12 hours, however much it is used', async () => {
      await page.signIn(ADA);
      for (let halfHours = 0; halfHours < 25; halfHours += 1) {
        service.clock.advance(28 * MINUTE);
        expect((await page.call('GET', CHECK)).status).toBe(200);
      }
      service.clock.advance(20 * MINUTE);
      expect(codeOf(await page.call('GET', CHECK))).toEqual([401, 'session.ended']);
    });

    it.each<[string, (caller: { id: number; tokenId: number }) => Promise<unknown>, number, string]>([
      [
        'when its token is revoked',
        ({ id, tokenId }) =>
          service.call('PATCH', `/api/serviceaccounts/${id}/tokens/${tokenId}`, {
            body: { isRevoked: true },
          }),
        401,
        'api-key.revoked',
      ],
      [
        'when its token is deleted',
        ({ id, tokenId }) => service.delete(`/api/serviceaccounts/${id}/tokens/${tokenId}`),
        401,
        'session.ended',
      ],
      [
        'when its account is disabled',
        ({ id }) => service.call('PATCH', `/api/serviceaccounts/${id}`, { body: { isDisabled: true } }),
        401,
        'identity.disabled',
      ],
      [
        'to give what a role gave when that is taken',
        ({ id }) => service.delete(`/api/access-control/users/${id}/roles/${READER}`),
        403,
        '',
      ],
    ])('%s, at the next call', async (_, change, status, code) => {
      const caller = await service.caller(READER);
      await page.signIn({ token: caller.token });
      expect((await page.call('GET', CHECK)).status).toBe(200);
      await change(caller);
      expect(codeOf(await page.call('GET', CHECK))).toEqual([status, code]);
    });

    it('with its token, where that expires earlier', async () => {
      const { id } = await service.caller(READER);
      const made = await service.post(`/api/serviceaccounts/${id}/tokens`, {
        name: 'short',
        secondsToLive: 600,
      });
      const reply = await page.signIn({ token: made.body.key as string });
      expect(reply.body.expiresAt * 1000 - service.clock.now()).toBeLessThanOrEqual(600_000);
      service.clock.advance(600_000);
      expect((await page.call('GET', CHECK)).status).toBe(401);
    });

    it('when it is revoked, by those who hold what it holds', async () => {
      const { token } = await service.caller(READER, ACCOUNTS);
      await page.signIn({ token });
      const administrator = new TestPage(service);
      await administrator.signIn(ADA);
      const listed = await page.call('GET', '/ui/sessions');
      expect(listed.body).toContainEqual(
        expect.objectContaining({
          id: await idOf(administrator),
          caller: { name: 'ada', kind: 'administrator' },
          address: '127.0.0.1',
          ...{ current: false, revocable: false },
        }),
      );
      expect(listed.body).toContainEqual(
        expect.objectContaining({ id: await idOf(page), current: true, revocable: true }),
      );
      const [own, theirs] = [await idOf(page), await idOf(administrator)];
      expect((await page.call('DELETE', `/ui/sessions/${theirs}`)).status).toBe(403);
      expect((await administrator.call('GET', CHECK)).status).toBe(200);
      expect((await administrator.call('DELETE', `/ui/sessions/${own}`)).status).toBe(204);
      expect(codeOf(await page.call('GET', CHECK))).toEqual([401, 'session.ended']);
      expect(codeOf(await administrator.call('DELETE', `/ui/sessions/${own}`))).toEqual([404, 'not-found']);
      const { body } = await service.get(`/api/audit?action=session.revoke&target=session:${own}`);
      expect(body.records).toMatchObject([{ actor: 'administrator:ada' }]);
    });
  });

  it('is shown to callers with a header too, who have nothing to end', async () => {
    const shown = await service.get('/ui/session');
    expect(shown.body).toMatchObject({ caller: { kind: 'bootstrap' }, expiresAt: null, idleExpiresAt: null });
    expect((await service.delete('/ui/session')).status).toBe(204);
    expect(codeOf(await service.get('/ui/session', { token: null }))).toEqual([401, 'auth.unauthorized']);
  });

  it('is not looked at beside an Authorization header, whether that is right or wrong', async () => {
    const { token } = await service.caller(READER);
    await page.signIn(ADA);
    const as = (authorization: string) =>
      page.call('GET', '/ui/session', undefined, { ...OWN, Authorization: authorization });
    expect((await as(`Bearer ${token}`)).body.caller.kind).toBe('service-account');
    expect(codeOf(await as('Bearer wrong'))).toEqual([401, 'api-key.invalid']);
    expect(codeOf(await as('nonsense'))).toEqual([401, 'auth.unauthorized']);
  });

  it('of one caller is one of 20: those that were used longest ago give way', async () => {
    const { token } = await service.caller(READER);
    const pages = Array.from({ length: 22 }, () => new TestPage(service));
    for (const each of pages) await each.signIn({ token });
    const statuses = [];
    for (const each of pages) statuses.push((await each.call('GET', CHECK)).status);
    expect(statuses).toEqual([401, 401, ...Array.from({ length: 20 }, () => 200)]);
  });

  it('costs a write a minute at most, for all calls of all sessions together', async () => {
    await page.signIn(ADA);
    await keep();
    const before = await rows();
    service.clock.advance(1_000);
    for (let calls = 0; calls < 5; calls += 1) await page.call('GET', CHECK);
    expect(await rows()).toEqual(before);
    await keep();
    const id = await idOf(page);
    const [was, is] = [before, await rows()].map((all) => all.find((row) => Number(row.id) === id));
    expect(is?.lastUsed.getTime()).toBeGreaterThan(was?.lastUsed.getTime() ?? Infinity);
  });

  it('is read again when a session was opened, used or ended, and not with each change of something else', async () => {
    const inMemory = () => service.running.application.nest.get(SnapshotService).known.sessions;
    const isReadAgain = async (change: () => Promise<unknown>) => {
      const before = inMemory();
      await change();
      return inMemory() !== before;
    };
    const { token } = await service.caller(READER);
    expect(await isReadAgain(async () => page.signIn({ token }))).toBe(true);
    expect(await isReadAgain(async () => service.caller(READER))).toBe(false);
    service.clock.advance(MINUTE);
    await page.call('GET', CHECK);
    await keep();
    expect(await isReadAgain(async () => service.caller(READER))).toBe(true);
    const other = new TestPage(service);
    await other.signIn({ token });
    expect(await isReadAgain(async () => other.call('DELETE', '/ui/session'))).toBe(true);
    const hashes = (await rows()).map(({ hash }) => hash);
    expect([...inMemory().keys()]).toEqual(hashes);
  });

  it('leaves no row when it has ended', async () => {
    await page.signIn(ADA);
    service.clock.advance(13 * HOUR);
    await keep();
    expect(await rows()).toEqual([]);
  });
});

describe('A session of an administrator', () => {
  it('outlives a restart, and ends when the password is another one; UI=false ends them all', async () => {
    const database = await testDatabase();
    const settings = { ADMIN_USER: 'ada', ADMIN_PASSWORD: PASSWORD };
    let service = await TestService.start(database, settings);
    try {
      let page = new TestPage(service);
      await page.signIn(ADA);
      const { cookie } = page;
      const restart = async (more: object): Promise<Reply> => {
        await service.stop();
        service = await TestService.start(database, { ...settings, ...more });
        page = new TestPage(service);
        page.cookie = cookie;
        return page.call('GET', CHECK);
      };
      expect((await restart({})).status).toBe(200);
      expect(codeOf(await restart({ ADMIN_PASSWORD: 'another long password' }))).toEqual([
        401,
        'session.ended',
      ]);
      expect(codeOf(await restart({ ADMIN_USER: 'bob' }))).toEqual([401, 'session.ended']);
      expect(codeOf(await restart({ UI: 'false' }))).toEqual([401, 'auth.unauthorized']);
      expect((await fetch(`${service.url}/ui/session`, { method: 'POST', headers: OWN })).status).toBe(404);
      expect((await restart({})).status).toBe(200);
    } finally {
      await service.stop();
      await database.drop();
    }
  });

  it('is opened so often in a minute as a caller may write', async () => {
    const database = await testDatabase();
    const service = await TestService.start(database, {
      ADMIN_USER: 'ada',
      ADMIN_PASSWORD: PASSWORD,
      RATE_LIMIT_WRITES_PER_MINUTE: '2',
    });
    try {
      const replies = [];
      for (let times = 0; times < 3; times += 1) replies.push(await new TestPage(service).signIn(ADA));
      expect(replies.map(({ status }) => status)).toEqual([201, 201, 429]);
    } finally {
      await service.stop();
      await database.drop();
    }
  });
});
