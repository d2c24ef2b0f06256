import { connect } from 'node:net';
import { QueryFailedError } from 'typeorm';
import { loadServiceConfig } from '../../src/config/service-config.js';
import { createLogger, NestLogger } from '../../src/http/logger.js';
import { ServiceError } from '../../src/domain/service-error.js';
import { levelOf } from '../../src/http/request-log.js';
import { type RunningService, startService } from '../../src/service.js';
import { head, type Message, type RawAnswer, send } from '../e2e/http/raw-http.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { FakeIssuer } from '../support/fake-issuer/fake-issuer.js';
import { BOOTSTRAP_TOKEN } from '../support/service.js';

const PASSWORD = 'the password of the log';
const TRACE = '0af7651916cd43dd8448eb211c80319c';

/** What a logger wrote, line by line. */
class Lines {
  readonly #lines: string[] = [];

  write(line: string): void {
    this.#lines.push(line);
  }

  get text(): string {
    return this.#lines.join('');
  }

  get entries(): Record<string, unknown>[] {
    return this.#lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  get requests(): Record<string, unknown>[] {
    return this.entries.filter(({ msg }) => msg === 'request');
  }

  clear(): void {
    this.#lines.length = 0;
  }
}

const WRONG_PASSWORD = 'password-auth.failed: the name or the password was not right';

describe('The log of requests', () => {
  const lines = new Lines();
  let database: TestDatabase;
  let issuer: FakeIssuer;
  let service: RunningService;

  beforeAll(async () => {
    database = await testDatabase();
    issuer = await FakeIssuer.start();
    const config = loadServiceConfig({
      PORT: '0',
      DATABASE_URL: database.url,
      BOOTSTRAP_TOKEN,
      ADMIN_USER: 'admin',
      ADMIN_PASSWORD: PASSWORD,
      ISSUER_URL: issuer.url,
      ISSUER_ALLOW_INSECURE_HTTP: 'true',
    });
    service = await startService(config, createLogger('trace', lines));
  });

  afterAll(async () => {
    await service.application.close(0);
    await issuer.stop();
    await database.drop();
  });

  beforeEach(() => lines.clear());

  async function call(
    message: Partial<Message> & { json?: unknown; token?: string | null },
  ): Promise<RawAnswer> {
    const { json, token = BOOTSTRAP_TOKEN, headers, ...rest } = message;
    const answer = await send(service.url, {
      path: '/api/licensing/check',
      ...rest,
      headers: {
        'Content-Type': 'application/json',
        ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    });
    // The line is written when the connection has let go of the answer.
    await new Promise((resolve) => setTimeout(resolve, 20));
    return answer;
  }

  it('has one line for each request, and says what came of it', async () => {
    const { headers } = await call({ path: '/api/licensing/token' });
    await call({ path: '/healthz', token: null, headers: { 'X-Request-Id': 'probe-1' } });
    expect(lines.requests).toEqual([
      {
        level: 30,
        time: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/),
        msg: 'request',
        method: 'GET',
        route: '/api/licensing/token',
        status: 200,
        ms: expect.any(Number),
        client: '127.0.0.1',
        requestId: headers['x-request-id'],
        caller: 'bootstrap',
      },
      {
        level: 30,
        time: expect.any(String),
        msg: 'request',
        method: 'GET',
        route: '/healthz',
        status: 200,
        ms: expect.any(Number),
        client: '127.0.0.1',
        requestId: 'probe-1',
      },
    ]);
  });

  it('has none for a check that succeeds, and one for a check that does not', async () => {
    await call({});
    await call({ method: 'HEAD' });
    expect(lines.text).toBe('');
    await call({ token: null });
    await call({ token: 'wrong' });
    await call({ method: 'PUT' });
    expect(lines.requests.map(({ status, reason }) => [status, reason])).toEqual([
      [401, 'auth.unauthorized'],
      [401, 'api-key.invalid'],
      [405, 'method-not-allowed'],
    ]);
  });

  it('is a warning with the code where a write failed for a fault that is not the caller’s', async () => {
    await call({ method: 'POST', path: '/api/licensing/token', json: { token: issuer.token() } });
    for (const status of [503, 400]) {
      issuer.answerRenewals({ status, body: {} });
      await call({ method: 'POST', path: '/api/licensing/token/renew' });
    }
    await call({ method: 'POST', path: '/api/licensing/token', json: {} });
    await call({
      method: 'DELETE',
      path: '/api/licensing/token',
      json: { instance: 'http://localhost:3000' },
    });
    expect(lines.requests.map(({ level, status, code }) => [level, status, code])).toEqual([
      [30, 200, undefined],
      [40, 503, 'issuer.unavailable'],
      [40, 502, 'issuer.refused'],
      [30, 400, 'bad-request'],
      [30, 202, undefined],
    ]);
  });

  it.each<[number, string | undefined, string]>([
    [503, 'database.unavailable', 'warn'],
    [500, 'internal-error', 'warn'],
    [504, 'issuer.timeout', 'warn'],
    [503, undefined, 'info'],
    [429, 'too-many-requests', 'info'],
    [401, 'api-key.invalid', 'info'],
    [200, undefined, 'info'],
  ])('has for %i with the code %s the level %s', (status, code, level) => {
    expect(levelOf(status, code)).toBe(level);
  });

  it('has the trace id, the caller and the reason of the refusal', async () => {
    await call({
      method: 'POST',
      path: '/api/licensing/token',
      json: {},
      headers: { traceparent: `00-${TRACE}-b7ad6b7169203331-01` },
    });
    expect(lines.requests).toEqual([
      expect.objectContaining({
        status: 400,
        traceId: TRACE,
        caller: 'bootstrap',
        reason: 'bad-request (token must be a string)',
      }),
    ]);
  });

  it('has the full reason of a 403 under the id that the caller was told', async () => {
    const account = await call({ method: 'POST', path: '/api/serviceaccounts', json: { name: 'denied' } });
    const path = `/api/serviceaccounts/${account.body.id}/tokens`;
    const token = await call({ method: 'POST', path, json: { name: 'token' } });
    const { body } = await call({ token: token.body.key as string, headers: { 'X-Request-Id': 'denied-1' } });
    const caller = `service-account:${account.body.id}`;
    // The line of the request before may come late.
    expect(lines.entries.filter(({ requestId }) => requestId === 'denied-1')).toEqual([
      expect.objectContaining({
        level: 40,
        msg: 'access denied',
        accessErrorId: body.accessErrorId,
        needed: ['licensing:read'],
        reason: `${caller} lacks licensing:read`,
        requestId: 'denied-1',
        doc: 'docs/access.md#give-the-missing-role',
      }),
      expect.objectContaining({ msg: 'request', status: 403, caller, requestId: 'denied-1' }),
    ]);
  });

  it('has a line for a client that goes away before the answer', async () => {
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
    const authorization = `Authorization: Bearer ${BOOTSTRAP_TOKEN}`;
    socket.write(head('POST /api/licensing/token HTTP/1.1', authorization, 'Content-Length: 9'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(lines.requests).toEqual([
      expect.objectContaining({ route: '/api/licensing/token', aborted: true }),
    ]);
  });

  it('has a line for each request that is done, of several that were sent at once, when the connection ends before their answers', async () => {
    const ids = Array.from({ length: 8 }, (_, index) => `pipelined-${index}`);
    const requests = ids.map((id) => {
      const body = JSON.stringify({ name: id });
      return [
        ...['POST /api/serviceaccounts HTTP/1.1', 'Host: x', `Authorization: Bearer ${BOOTSTRAP_TOKEN}`],
        ...['Content-Type: application/json', `X-Request-Id: ${id}`, `Content-Length: ${body.length}`],
        ...['', body],
      ].join('\r\n');
    });
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
    // The service reads all of them before it learns of the end, and begins one a turn of its event loop.
    socket.write(requests.join(''), () => socket.resetAndDestroy());
    const made = async () => {
      const { body } = await call({ path: '/api/serviceaccounts/search?query=pipelined&perpage=100' });
      return (body.serviceAccounts as { name: string }[]).map(({ name }) => name).sort();
    };
    const known = () =>
      lines.requests.map(({ requestId }) => String(requestId)).filter((id) => ids.includes(id));
    for (let tries = 0; known().length === 0 && tries < 100; tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 20));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(known()).not.toEqual([]);
    expect(await made()).toEqual(known().sort());
    expect(lines.requests).toContainEqual(
      expect.objectContaining({ route: '/api/serviceaccounts', aborted: true }),
    );
  });

  it('has the pattern of the route and not the path, and nothing where there is none', async () => {
    await call({ path: '/api/serviceaccounts/987654321/tokens' });
    await call({ path: '/secret-path/%zz' });
    await call({ path: '/api/serviceaccounts/%zzsecret/tokens' });
    expect(lines.requests.map(({ route, status }) => [route, status])).toEqual([
      ['/api/serviceaccounts/:id/tokens', 404],
      [null, 404],
      [null, 404],
    ]);
    expect(lines.text).not.toMatch(/987654321|secret/);
  });

  it('warns once that a proxy is in front which TRUST_PROXY does not name, and never without one', async () => {
    const warnings = () => lines.entries.filter(({ msg }) => String(msg).includes('TRUST_PROXY'));
    await call({});
    expect(warnings()).toEqual([]);
    await call({ headers: { 'X-Forwarded-For': '198.51.100.7' } });
    await call({ headers: { 'X-Forwarded-For': '198.51.100.8' } });
    expect(warnings()).toEqual([
      expect.objectContaining({
        level: 40,
        msg: expect.stringContaining('set TRUST_PROXY to it'),
        client: '127.0.0.1',
      }),
    ]);
    expect(lines.text).not.toContain('198.51.100');
  });

  it('says that a name is blocked, from where, until when and why, when strangers come by the same proxy', async () => {
    const basic = (password: string) => ({
      Authorization: `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`,
      'X-Forwarded-For': '198.51.100.7',
    });
    for (let time = 0; time < 5; time += 1) await call({ token: null, headers: basic('a wrong password') });
    const refused = await call({ token: null, headers: basic(PASSWORD) });
    expect([refused.status, refused.body.message]).toEqual([401, 'Invalid username or password']);
    expect(refused.text).not.toContain('blocked');
    const blocks = lines.entries.filter(({ msg }) => String(msg).startsWith('blocked'));
    expect(blocks).toEqual([
      expect.objectContaining({
        level: 40,
        name: 'admin',
        client: '127.0.0.1',
        hint: expect.stringContaining('TRUST_PROXY does not name'),
        until: expect.any(String),
      }),
    ]);
    const left = Date.parse(String(blocks[0]?.until)) - Date.now();
    expect(left).toBeGreaterThan(4 * 60_000);
    expect(left).toBeLessThanOrEqual(5 * 60_000);
    const reasons = lines.requests.map(({ reason }) => String(reason));
    expect(reasons.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => WRONG_PASSWORD));
    expect(reasons[5]).toMatch(/^password-auth\.failed: blocked until \d{4}-/);
  });

  it('has no token, password, license, key, query or body of any request', async () => {
    const license = issuer.token();
    const forged = `${license.slice(0, -8)}AAAAAAAA`;
    const account = await call({ method: 'POST', path: '/api/serviceaccounts', json: { name: 'robot' } });
    const id = account.body.id as number;
    const created = await call({
      method: 'POST',
      path: `/api/serviceaccounts/${id}/tokens`,
      json: { name: 'token' },
    });
    const key = created.body.key as string;
    const basic = (password: string) => ({
      Authorization: `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`,
    });
    await call({ token: null, headers: basic(PASSWORD), path: '/api/licensing/token' });
    await call({ token: null, headers: basic('wrong-password-1'), path: '/api/licensing/token' });
    await call({ token: 'wrong-token-2', path: '/api/licensing/token?access_token=query-3' });
    await call({ token: key });
    await call({ method: 'POST', path: '/api/licensing/token', json: { token: forged } });
    await call({ method: 'POST', path: '/api/licensing/token', json: { token: license } });
    await call({ method: 'POST', path: '/api/licensing/token', json: { 'member-4': license } });
    await call({ method: 'POST', path: '/api/licensing/token', body: `{"token":"${license}` });
    await call({ method: 'POST', path: '/api/licensing/token/renew' });
    issuer.answerRenewals({ status: 500, body: { error: 'issuer-secret-5' } });
    await call({ method: 'POST', path: '/api/licensing/token/renew' });
    await call({ method: 'DELETE', path: '/api/licensing/token', json: { instance: 'http://instance-6/' } });
    await call({ method: 'DELETE', path: `/api/serviceaccounts/${id}/tokens/${created.body.id}` });
    await call({ token: key });
    await call({
      headers: { Cookie: 'cookie-7', 'X-Api-Key': 'header-8', Referer: 'http://referer-9/' },
      path: '/nothing-10?query-11',
    });

    expect(lines.requests.length).toBeGreaterThan(10);
    for (const secret of [
      ...[
        BOOTSTRAP_TOKEN,
        PASSWORD,
        key,
        key.slice(6, 38),
        'wrong-password-1',
        'wrong-token-2',
        'query-3',
        'member-4',
      ],
      ...['issuer-secret-5', 'instance-6', 'cookie-7', 'header-8', 'referer-9', 'nothing-10', 'query-11'],
      ...license.split('.'),
      Buffer.from(`admin:${PASSWORD}`).toString('base64'),
      'eyJ',
      'licsa_',
      'Bearer ',
    ]) {
      expect([secret, lines.text.includes(secret)]).toEqual([secret, false]);
    }
  });
});

describe('The logger', () => {
  it('writes the reason for the caller with our errors', () => {
    const lines = new Lines();
    const refused = new ServiceError('issuer.refused', undefined, { detail: 'Suspended' });
    createLogger('info', lines).error({ msg: 'one', err: refused });
    expect(lines.entries).toMatchObject([{ err: { code: 'issuer.refused', detail: 'Suspended' } }]);
  });

  it('writes errors without what libraries hang on them: parameters, statements, requests', () => {
    const lines = new Lines();
    const driver = Object.assign(new Error('duplicate key'), {
      code: '23505',
      detail: 'Key (hash)=(parameter-1)',
    });
    const failure = new QueryFailedError('INSERT statement-2', ['parameter-1'], driver);
    const call = Object.assign(new Error('Request failed'), {
      code: 'ERR_BAD_REQUEST',
      config: { headers: { Authorization: 'Bearer credentials-3' } },
      response: { data: 'answer-4' },
      cause: failure,
    });
    const logger = createLogger('info', lines);
    logger.error({ msg: 'one', err: failure });
    new NestLogger(logger).error({ msg: 'two', err: call }, 'Context');
    logger.error({ msg: 'three', err: 'a text' });
    expect(lines.entries.map(({ msg, context, err }) => [msg, context, err])).toEqual([
      [
        'one',
        undefined,
        { type: 'QueryFailedError', message: 'duplicate key', code: '23505', stack: expect.any(String) },
      ],
      [
        'two',
        'Context',
        {
          type: 'Error',
          message: 'Request failed',
          code: 'ERR_BAD_REQUEST',
          stack: expect.any(String),
          cause: expect.objectContaining({ type: 'QueryFailedError', message: 'duplicate key' }),
        },
      ],
      ['three', undefined, 'a text'],
    ]);
    expect(lines.text).not.toMatch(/parameter-1|statement-2|credentials-3|answer-4/);
  });

  it('writes one JSON object a line, with the level that was asked for and above', () => {
    const lines = new Lines();
    const logger = new NestLogger(createLogger('warn', lines));
    logger.verbose('v');
    logger.debug('d');
    logger.log({ msg: 'l' });
    logger.warn('text\nwith a line end', 'Somewhere');
    logger.error({ msg: 'e' });
    logger.fatal({ msg: 'f' });
    expect(lines.entries.map(({ level, msg }) => [level, msg])).toEqual([
      [40, 'text\nwith a line end'],
      [50, 'e'],
      [60, 'f'],
    ]);
    expect(lines.text.trimEnd().split('\n')).toHaveLength(3);
  });

  it("counts the framework's own lines as debugging", () => {
    const lines = new Lines();
    new NestLogger(createLogger('info', lines)).log(
      'Nest application successfully started',
      'NestApplication',
    );
    expect(lines.text).toBe('');
  });
});
