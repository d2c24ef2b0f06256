import { Authenticator } from '../../../src/access/authenticator.js';
import { createServiceAccountToken, hashToken } from '../../../src/access/service-account-token.js';
import { AccountsService } from '../../../src/accounts/accounts.service.js';
import { RoleAssignments } from '../../../src/accounts/role-assignments.service.js';
import { Database } from '../../../src/database/database.js';
import { ACTIONS } from '../../../src/domain/actions.js';
import { type TestDatabase, testDatabase } from '../../support/database.js';
import { BOOTSTRAP_TOKEN, TestService } from '../../support/service.js';
import { type RawAnswer, send } from '../http/raw-http.js';

const CHECK = '/api/licensing/check';
const READER = 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE';
const PASSWORD = 'correct horse battery';
const MINUTE = 60_000;

const bearer = (token: string) => `Bearer ${token}`;
const basic = (name: string, password: string) =>
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;

describe('Failed authentication', () => {
  let database: TestDatabase;
  let service: TestService;

  beforeEach(async () => {
    database = await testDatabase();
    service = await TestService.start(database, {
      ADMIN_USER: 'admin',
      ADMIN_PASSWORD: PASSWORD,
      RATE_LIMIT_FAILURES_PER_MINUTE: '10',
      RATE_LIMIT_ALL_FAILURES_PER_MINUTE: '25',
      TRUST_PROXY: '127.0.0.1/32',
    });
  });

  afterEach(async () => {
    await service.stop();
    await database.drop();
  });

  /** @param client - what the proxy at 127.0.0.1 says about its client; none: the request comes from `from` itself */
  async function check(authorization: string, client?: string, from = '127.0.0.1'): Promise<RawAnswer> {
    const forwarded = client === undefined ? {} : { 'X-Forwarded-For': client };
    return send(service.url, { path: CHECK, headers: { Authorization: authorization, ...forwarded }, from });
  }

  const outcome = ({ status, body }: RawAnswer) => [status, body.messageId ?? body] as unknown[];
  const part = <T>(type: abstract new (...args: never[]) => T): T =>
    service.running.application.nest.get<T>(type);

  async function fail(times: number, client: string, authorization = () => bearer('wrong')) {
    for (let failure = 0; failure < times; failure += 1) await check(authorization(), client);
  }

  /** Counts how often the database is read from now on. */
  function readings(): () => number {
    const store = part(Database) as unknown as { read: (work: never) => Promise<unknown> };
    const read = store.read.bind(store);
    let count = 0;
    store.read = (work) => {
      count += 1;
      return read(work);
    };
    return () => count;
  }

  it('is 429 with Retry-After beyond the limit of one client, until its minute is over', async () => {
    for (let failure = 0; failure < 10; failure += 1)
      expect(outcome(await check(bearer(`wrong ${failure}`.replace(' ', '-')), '192.0.2.1'))).toEqual([
        401,
        'api-key.invalid',
      ]);
    const refused = await check(bearer('wrong'), '192.0.2.1');
    expect(outcome(refused)).toEqual([429, 'too-many-requests']);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(50);
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(60);
    // No other caller is told so, and a client without credentials hears what is missing.
    expect(outcome(await check(bearer('wrong'), '192.0.2.2'))).toEqual([401, 'api-key.invalid']);
    expect(outcome(await check('Basic', '192.0.2.1'))).toEqual([401, 'auth.unauthorized']);
    service.clock.advance(MINUTE);
    expect(outcome(await check(bearer('wrong'), '192.0.2.1'))).toEqual([401, 'api-key.invalid']);
  });

  it('counts all addresses of one IPv6 network as one client', async () => {
    for (let failure = 1; failure <= 10; failure += 1) await check(bearer('x'), `2001:db8::${failure}`);
    expect((await check(bearer('x'), '2001:db8::ffff:1')).status).toBe(429);
    expect((await check(bearer('x'), '2001:db8:0:1::1')).status).toBe(401);
  });

  it('has a limit for all clients together', async () => {
    for (let client = 1; client <= 25; client += 1) {
      expect((await check(bearer('wrong'), `192.0.2.${client}`)).status).toBe(401);
    }
    expect(outcome(await check(bearer('wrong'), '192.0.2.99'))).toEqual([429, 'too-many-requests']);
    service.clock.advance(MINUTE);
    expect((await check(bearer('wrong'), '192.0.2.99')).status).toBe(401);
  });

  it('never keeps a right token out, known or brand-new, nor a right password', async () => {
    const { id, token } = await service.caller(READER);
    await fail(30, '192.0.2.1');
    expect((await check(bearer('wrong'), '192.0.2.1')).status).toBe(429);
    expect((await check(bearer('wrong'), '192.0.2.7')).status).toBe(429);
    for (const client of ['192.0.2.1', '192.0.2.7']) {
      expect(outcome(await check(bearer(token), client))).toEqual([200, false]);
      expect(outcome(await check(bearer(BOOTSTRAP_TOKEN), client))).toEqual([200, false]);
      expect(outcome(await check(basic('admin', PASSWORD), client))).toEqual([200, false]);
    }
    // As another replica would create it: this process has not heard of it when the request arrives.
    const fresh = createServiceAccountToken();
    await part(Database).transaction(async (manager) => {
      await manager.query(
        'INSERT INTO service_account_token (service_account_id, name, hash, created, is_revoked) VALUES ($1, $2, $3, now(), false)',
        [id, 'by another replica', hashToken(fresh)],
      );
      await manager.query('UPDATE snapshot_version SET version = version + 1');
    });
    expect(outcome(await check(bearer(fresh), '192.0.2.1'))).toEqual([200, false]);
  });

  it('of 10,000 different tokens costs few looks at the database and bounded memory, and check goes on', async () => {
    const { token } = await service.caller(READER);
    await fail(30, '192.0.2.1');
    const count = readings();
    const started = performance.now();
    const statuses = new Map<number, number>();
    let checks = 0;
    for (let batch = 0; batch < 100; batch += 1) {
      const wrong = Array.from({ length: 100 }, async (_, at) => {
        const { status } = await check(bearer(createServiceAccountToken()), `198.51.${batch}.${at}`);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      });
      if (batch % 10 === 0) {
        expect((await check(bearer(token), '192.0.2.1')).status).toBe(200);
        checks += 1;
      }
      await Promise.all(wrong);
    }
    expect(checks).toBe(10);
    expect([...statuses.values()].reduce((sum, one) => sum + one, 0)).toBe(10_000);
    // Beyond the limit the looks are shared: at most one in 250 ms, beside the poll's own in 500 ms and 25 a minute that are free.
    const elapsed = performance.now() - started;
    const minutes = Math.ceil(elapsed / MINUTE) + 1;
    expect(count()).toBeLessThanOrEqual(elapsed / 250 + elapsed / 500 + 25 * minutes + 5);
    expect(statuses.get(429)).toBeGreaterThan(9_000);
    const { clients, passwords } = part(Authenticator).failures.remembered;
    expect(clients).toBeLessThanOrEqual(10_000);
    expect(passwords).toBe(0);
  }, 120_000);

  it('with passwords is answered as before beyond the limit, so that no name stands out, and asks no database', async () => {
    const count = readings();
    const before = count();
    for (const name of ['admin', 'nobody']) {
      for (let failure = 0; failure < 12; failure += 1) {
        expect(outcome(await check(basic(name, `wrong ${failure}`), '192.0.2.1'))).toEqual([
          401,
          'password-auth.failed',
        ]);
      }
    }
    // They count: what is not about a name is refused.
    expect((await check(bearer('wrong'), '192.0.2.1')).status).toBe(429);
    expect(count() - before).toBeLessThanOrEqual(10);
    // The pair is blocked; another client is not, and no bearer token is.
    expect((await check(basic('admin', PASSWORD), '192.0.2.1')).status).toBe(401);
    expect((await check(basic('admin', PASSWORD), '192.0.2.2')).status).toBe(200);
    expect((await check(bearer(BOOTSTRAP_TOKEN), '192.0.2.1')).status).toBe(200);
  });

  it('blocks by the address that the proxy names, not by one that the client writes, nor by the proxy', async () => {
    for (let failure = 0; failure < 5; failure += 1)
      await check(basic('admin', 'wrong'), `203.0.113.${failure}, 192.0.2.1`);
    expect((await check(basic('admin', PASSWORD), '203.0.113.77, 192.0.2.1')).status).toBe(401);
    expect((await check(basic('admin', PASSWORD), '192.0.2.2')).status).toBe(200);
    expect((await check(basic('admin', PASSWORD))).status).toBe(200);
    // A connection that is not the proxy's is its own address, with any header.
    for (let failure = 0; failure < 5; failure += 1)
      await check(basic('admin', 'wrong'), `203.0.113.${failure}`, '127.0.0.9');
    expect((await check(basic('admin', PASSWORD), '192.0.2.3', '127.0.0.9')).status).toBe(401);
  });
});

describe('Writes', () => {
  let database: TestDatabase;
  let service: TestService;

  beforeAll(async () => {
    database = await testDatabase();
    service = await TestService.start(database, { RATE_LIMIT_ALL_WRITES_PER_MINUTE: '12' });
  });

  afterAll(async () => {
    await service.stop();
    await database.drop();
  });

  it('have a limit for all callers together, and reading goes on', async () => {
    const accounts = service.running.application.nest.get(AccountsService);
    const operator = { id: 'system', requestId: '', actions: new Set(ACTIONS) };
    const account = await accounts.create(operator, { name: 'second', role: 'None', isDisabled: false });
    await service.running.application.nest
      .get(RoleAssignments)
      .add(operator, Number(account.id), 'fixed_iBvUNUEZBZ7PUW0vdkN5iojc2sk');
    const { key } = await accounts.createToken(operator, Number(account.id), 'token', 0);
    for (let write = 0; write < 12; write += 1) {
      const token = write % 2 === 0 ? BOOTSTRAP_TOKEN : key;
      expect((await service.post('/api/serviceaccounts', { name: `${write}` }, { token })).status).toBe(201);
    }
    const refused = await service.post('/api/serviceaccounts', { name: 'one more' }, { token: key });
    expect([refused.status, refused.body.messageId]).toEqual([429, 'too-many-requests']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50);
    expect((await service.get(CHECK)).status).toBe(200);
    expect((await service.get(`/api/serviceaccounts/${account.id}/tokens`, { token: key })).status).toBe(200);
    service.clock.advance(MINUTE);
    expect((await service.post('/api/serviceaccounts', { name: 'later' }, { token: key })).status).toBe(201);
  });
});
