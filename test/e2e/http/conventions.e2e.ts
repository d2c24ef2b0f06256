import { readFileSync } from 'node:fs';
import { type TestDatabase, testDatabase } from '../../support/database.js';
import { openApi, operations } from '../../support/openapi.js';
import { BOOTSTRAP_TOKEN, TestService } from '../../support/service.js';
import { type RawAnswer, send } from './raw-http.js';

const AUTHORIZATION = `Bearer ${BOOTSTRAP_TOKEN}`;
const LICENSING_WRITER = 'fixed_gzbz3rJpQMdaKHt-E4q0PVaKMoE';
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

const AUTHORIZED = { Authorization: AUTHORIZATION };

interface Kind {
  readonly status: number;
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const REMOVE = '{"instance":"http://localhost:3000"}';
/** One answer of each kind that can be had without a fault of the service. */
const ANSWERS: readonly Kind[] = [
  { status: 200, method: 'GET', path: '/api/licensing/check', headers: AUTHORIZED },
  { status: 200, method: 'HEAD', path: '/api/licensing/token', headers: AUTHORIZED },
  { status: 201, method: 'POST', path: '/api/serviceaccounts', headers: AUTHORIZED, body: '{"name":"a"}' },
  { status: 202, method: 'DELETE', path: '/api/licensing/token', headers: AUTHORIZED, body: REMOVE },
  { status: 200, method: 'GET', path: '/healthz' },
  { status: 200, method: 'GET', path: '/readyz' },
  { status: 200, method: 'GET', path: '/api/health' },
  { status: 200, method: 'GET', path: '/api/openapi.yaml' },
  { status: 400, method: 'POST', path: '/api/licensing/token', headers: AUTHORIZED, body: '{}' },
  { status: 401, method: 'GET', path: '/api/licensing/check' },
  { status: 404, method: 'GET', path: '/api/nothing' },
  { status: 404, method: 'POST', path: '/api/licensing/token/renew', headers: AUTHORIZED },
  { status: 405, method: 'PUT', path: '/api/licensing/check' },
  { status: 409, method: 'POST', path: '/api/serviceaccounts', headers: AUTHORIZED, body: '{"name":"a"}' },
  {
    status: 413,
    method: 'POST',
    path: '/api/licensing/token',
    headers: AUTHORIZED,
    body: 'x'.repeat(70_000),
  },
  {
    status: 422,
    method: 'DELETE',
    path: '/api/licensing/token',
    headers: AUTHORIZED,
    body: '{"instance":"x"}',
  },
];

describe('Every answer', () => {
  let database: TestDatabase;
  let service: TestService;

  beforeAll(async () => {
    database = await testDatabase();
    service = await TestService.start(database);
  });

  afterAll(async () => {
    await service.stop();
    await database.drop();
  });

  const get = async (path: string, headers: Record<string, string | string[]> = {}): Promise<RawAnswer> =>
    send(service.url, { path, headers });

  it.each(ANSWERS)(
    'has the headers of every answer: $status to $method $path',
    async ({ status, method, path, headers = {}, body }) => {
      const answer = await send(service.url, {
        method,
        path,
        headers: { 'Content-Type': 'application/json', Origin: 'https://evil.example', ...headers },
        ...(body === undefined ? {} : { body }),
      });
      expect(answer.status).toBe(status);
      const { 'content-type': type, 'x-request-id': id, ...others } = answer.headers;
      expect(id).toMatch(/^[A-Za-z0-9._:-]{1,128}$/);
      expect(others).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'deny',
      });
      const allowed = ['cache-control', 'x-content-type-options', 'x-frame-options', 'date', 'connection'];
      const more = Object.keys(others).filter(
        (name) => ![...allowed, 'content-length', 'keep-alive'].includes(name),
      );
      expect(more).toEqual(status === 405 ? ['allow'] : []);
      if (status >= 400) {
        expect(type).toBe('application/json; charset=utf-8');
        expect(Object.keys(answer.body).slice(0, 4)).toEqual([
          'message',
          'messageId',
          'statusCode',
          'traceID',
        ]);
        expect(answer.body.statusCode).toBe(status);
      } else if (path.startsWith('/api/') && !path.endsWith('.yaml')) {
        expect(type).toBe('application/json');
      }
    },
  );

  it.each(['a', 'deploy-4711', '0.1:2_3-4', 'x'.repeat(128)])('keeps the X-Request-Id %s', async (id) => {
    for (const path of ['/healthz', '/api/licensing/check', '/nothing']) {
      expect((await get(path, { 'X-Request-Id': id })).headers['x-request-id']).toBe(id);
    }
  });

  it.each([
    ['an empty one', ''],
    ['129 characters', 'x'.repeat(129)],
    ['a space', 'a b'],
    ['a slash', 'a/b'],
    ['markup', '<script>'],
    ['letters of another alphabet', 'm\u00fcll'],
    ['two of them', ['a', 'b']],
  ])('replaces an X-Request-Id that is %s', async (_, id) => {
    const first = (await get('/healthz', { 'X-Request-Id': id })).headers['x-request-id'];
    const second = (await get('/healthz', { 'X-Request-Id': id })).headers['x-request-id'];
    expect(first).toMatch(/^[A-Za-z0-9._:-]{10,128}$/);
    expect([id].flat()).not.toContain(first);
    expect(second).not.toBe(first);
  });

  it.each([
    [`00-${TRACE}-${SPAN}-01`, TRACE],
    [`00-${TRACE}-${SPAN}-00`, TRACE],
    [`cc-${TRACE}-${SPAN}-01-what-the-future-will-bring`, TRACE],
    [`ff-${TRACE}-${SPAN}-01`, ''],
    [`00-${'0'.repeat(32)}-${SPAN}-01`, ''],
    [`00-${TRACE}-${'0'.repeat(16)}-01`, ''],
    [`00-${TRACE.toUpperCase()}-${SPAN}-01`, ''],
    [`00-${TRACE}-${SPAN}`, ''],
    [`00-${TRACE}x-${SPAN}-01`, ''],
    [TRACE, ''],
    ['', ''],
  ])('of a failure repeats the trace id of the traceparent %j: %j', async (traceparent, traceID) => {
    for (const path of ['/nothing', '/api/licensing/check']) {
      expect((await get(path, { traceparent })).body.traceID).toBe(traceID);
    }
  });

  it('to HEAD has the headers of the answer to GET, and no body', async () => {
    for (const { path } of operations().filter(({ method }) => method === 'GET')) {
      const concrete = path.replace('{id}', '1');
      const [whole, head] = await Promise.all(
        ['GET', 'HEAD'].map(async (method) =>
          send(service.url, {
            method,
            path: concrete,
            headers: { Authorization: AUTHORIZATION, 'X-Request-Id': 'same' },
          }),
        ),
      );
      // Each scrape counts the ones before, so no two are of one length.
      const changing = path === '/metrics' ? { 'content-length': 'some' } : {};
      const [expected, received] = [whole, head].map((answer) => ({
        ...answer?.headers,
        date: 'now',
        ...changing,
      }));
      expect([path, head?.status, head?.text, received]).toEqual([path, whole?.status, '', expected]);
    }
  });

  it('is whole, even if the caller says that they have it already', async () => {
    for (const path of ['/healthz', '/api/licensing/check', '/api/openapi.yaml']) {
      const plain = await get(path, { Authorization: AUTHORIZATION });
      for (const condition of [
        { 'If-None-Match': '*' },
        { 'If-None-Match': 'W/"5-fs9s"' },
        { 'If-Modified-Since': new Date(Date.now() + 86_400_000).toUTCString() },
        { Range: 'bytes=0-0' },
      ]) {
        const answer = await get(path, {
          Authorization: AUTHORIZATION,
          ...(condition as Record<string, string>),
        });
        expect([answer.status, answer.text]).toEqual([200, plain.text]);
        expect(Object.keys(answer.headers)).not.toContain('etag');
      }
    }
  });

  it.each(Object.entries(openApi.paths))(
    'to another method of %s is 405 and names those that work',
    async (path, item) => {
      const works = ['GET', 'PUT', 'POST', 'DELETE', 'PATCH'].filter(
        (method) => method.toLowerCase() in item,
      );
      const allow = [...works, ...(works.includes('GET') ? ['HEAD'] : [])].sort().join(', ');
      const others = [
        'GET',
        'HEAD',
        'PUT',
        'POST',
        'DELETE',
        'PATCH',
        'OPTIONS',
        'TRACE',
        'PROPFIND',
        'QUERY',
      ];
      for (const method of others.filter((name) => !allow.split(', ').includes(name))) {
        for (const headers of [{}, { Authorization: AUTHORIZATION }, { Authorization: 'Bearer wrong' }]) {
          const answer = await send(service.url, {
            method,
            path: path.replaceAll(/\{\w+\}/g, '1'),
            headers: { Origin: 'https://evil.example', 'Access-Control-Request-Method': 'GET', ...headers },
          });
          expect([method, answer.status, answer.headers.allow]).toEqual([method, 405, allow]);
          if (method !== 'HEAD') expect(answer.body.messageId).toBe('method-not-allowed');
        }
      }
    },
  );

  it('for the API description is the document, byte for byte', async () => {
    const answer = await get('/api/openapi.yaml');
    expect(answer.text).toBe(readFileSync(new URL('../../../docs/openapi.yaml', import.meta.url), 'utf8'));
    expect(answer.headers['content-type']).toMatch(/^application\/yaml/);
  });

  it('for the probes says how the service is, to every caller', async () => {
    const { version } = JSON.parse(
      readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
    ) as {
      version: string;
    };
    for (const headers of [{}, { Authorization: 'Bearer wrong' }]) {
      const live = await get('/healthz', headers);
      expect([live.status, live.text, live.headers['content-type']]).toEqual([
        200,
        'Ok',
        'text/plain; charset=utf-8',
      ]);
      expect((await get('/readyz', headers)).body).toEqual({ status: 'ready' });
      const health = await get('/api/health', headers);
      expect(health.body).toEqual({
        database: 'ok',
        version,
        commit: expect.stringMatching(/^(unknown|[0-9a-f]{7,40})/),
      });
    }
  });
});

describe('With RATE_LIMIT_WRITES_PER_MINUTE at 3', () => {
  let database: TestDatabase;
  let service: TestService;
  let eager: string;
  let other: string;
  let reader: string;

  beforeAll(async () => {
    database = await testDatabase();
    const generous = await TestService.start(database);
    eager = (await generous.caller(LICENSING_WRITER)).token;
    other = (await generous.caller(LICENSING_WRITER)).token;
    reader = (await generous.caller('fixed_OADpuXvNEylO2Kelu3GIuBXEAYE')).token;
    await generous.stop();
    service = await TestService.start(database, { RATE_LIMIT_WRITES_PER_MINUTE: '3' });
  });

  afterAll(async () => {
    await service.stop();
    await database.drop();
  });

  const write = async (token: string | null, body: unknown = {}) =>
    service.post('/api/licensing/token', body, { token });

  it('a fourth write of one caller within a minute is 429, and other callers do not notice', async () => {
    for (let count = 1; count <= 3; count += 1) expect((await write(eager)).status).toBe(400);
    const refused = await write(eager);
    expect([refused.status, refused.body.messageId, refused.body.message]).toEqual([
      429,
      'too-many-requests',
      'Too many requests',
    ]);
    const seconds = Number(refused.headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(55);
    expect(seconds).toBeLessThanOrEqual(60);
    expect((await service.delete('/api/licensing/token', {}, { token: eager })).status).toBe(429);

    expect((await write(other)).status).toBe(400);
    expect((await write(BOOTSTRAP_TOKEN)).status).toBe(400);
    for (let count = 0; count < 10; count += 1) {
      expect((await service.get('/api/licensing/check', { token: eager })).status).toBe(200);
    }

    service.clock.advance((seconds - 5) * 1_000);
    expect((await write(eager)).status).toBe(429);
    service.clock.advance(5_000);
    expect((await write(eager)).status).toBe(400);
  });

  it('refusals come in this order: 404 and 405, 401, 403, 429, 413, 400', async () => {
    const huge = 'x'.repeat(70_000);
    while ((await write(eager)).status !== 429);
    const at = async (method: string, path: string, token: string | null) =>
      (await service.call(method, path, { token, body: huge })).status;
    expect(await at('POST', '/api/licensing/tokens', eager)).toBe(404);
    expect(await at('PUT', '/api/licensing/token', eager)).toBe(405);
    expect(await at('POST', '/api/licensing/token', null)).toBe(401);
    expect(await at('POST', '/api/licensing/token', 'wrong')).toBe(401);
    expect(await at('POST', '/api/licensing/token', reader)).toBe(403);
    expect(await at('POST', '/api/licensing/token', eager)).toBe(429);
    service.clock.advance(60_000);
    expect(await at('POST', '/api/licensing/token', eager)).toBe(413);
    expect((await write(eager, 'x')).status).toBe(400);
  });

  it('who may not write is never told to wait, and does not use up what others have', async () => {
    for (let count = 0; count < 10; count += 1) {
      expect((await write(reader)).status).toBe(403);
      expect((await write(null)).status).toBe(401);
    }
    service.clock.advance(60_000);
    expect((await write(other)).status).toBe(400);
  });
});
