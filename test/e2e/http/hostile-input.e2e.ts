import { contentTypeFault } from '../../../src/http/content-type.js';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import fc from 'fast-check';
import { Database } from '../../../src/database/database.js';
import { ERROR_CATALOGUE } from '../../../src/domain/service-error.js';
import { type TestDatabase, testDatabase } from '../../support/database.js';
import { FakeIssuer } from '../../support/fake-issuer/fake-issuer.js';
import { openApi, operations } from '../../support/openapi.js';
import { BOOTSTRAP_TOKEN, TestService } from '../../support/service.js';
import { converse, head, type RawAnswer, send } from './raw-http.js';

const KIB = 1024;
const AUTHORIZATION = `Bearer ${BOOTSTRAP_TOKEN}`;
const JSON_HEADERS = { Authorization: AUTHORIZATION, 'Content-Type': 'application/json' };
const READER = 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE';

/** Operations that read a body. */
const WITH_BODY = operations().filter(
  ({ method, path }) => openApi.paths[path]?.[method.toLowerCase() as 'post']?.requestBody !== undefined,
);

/** Operations that ask the issuer when their body is in order. */
const ASKING = ['renewLicenseToken', 'rehearseRenewal', 'rollBackLicenseToken'];

describe('Hostile input', () => {
  let database: TestDatabase;
  let issuer: FakeIssuer;
  let service: TestService;
  let reader: string;
  let target: { id: number; tokenId: number };
  let license: string;

  beforeAll(async () => {
    database = await testDatabase();
    issuer = await FakeIssuer.start();
    service = await TestService.start(database, { ISSUER_URL: issuer.url });
    reader = (await service.caller(READER)).token;
    target = await service.caller();
    expect((await service.post('/api/licensing/token', { token: issuer.token() })).status).toBe(200);
    license = await stored();
  });

  afterEach(async () => {
    // After any input, the license is the same, it is valid, and the service is well.
    expect(await stored()).toBe(license);
    expect((await service.get('/api/licensing/check')).body).toBe(true);
    expect((await service.get('/api/health')).status).toBe(200);
  });

  afterAll(async () => {
    await service.stop();
    await issuer.stop();
    await database.drop();
  });

  /** The license as the caller and the database see it. */
  async function stored(): Promise<string> {
    const shown = await service.get('/api/licensing/token');
    const rows = await service.running.application.nest
      .get(Database)
      .read(async (manager) => manager.query<object[]>('SELECT to_jsonb(l) FROM license l'));
    const digest = createHash('sha256').update(JSON.stringify(rows)).digest('hex');
    return `${shown.body.status} ${shown.body.jti} ${digest}`;
  }

  const concrete = (path: string) =>
    path
      .replace('{id}', String(target.id))
      .replace('{tokenId}', String(target.tokenId))
      .replace('{roleUid}', READER)
      .replace('{uid}', READER);

  /** Refused with a failure of the contract, in its shape, and by the caller's fault. */
  function expectTyped(answer: RawAnswer, status: number, messageId: string): void {
    expect([answer.status, answer.body.messageId]).toEqual([status, messageId]);
    expect(Object.keys(ERROR_CATALOGUE)).toContain(messageId);
    expect(answer.body).toMatchObject({
      message: expect.stringMatching(/./),
      statusCode: status,
      traceID: '',
    });
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(Buffer.byteLength(answer.text)),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'deny',
    });
  }

  describe('as credentials', () => {
    it('of any bytes is 401 or 400, and nobody gets in', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom('', 'Bearer ', 'Basic ', 'bearer licsa_'),
          fc.uint8Array({ maxLength: 60 }),
          async (scheme, bytes) => {
            const credentials = `${scheme}${Buffer.from(bytes).toString('latin1')}`;
            const answers = await converse(
              service.url,
              head('GET /api/licensing/check HTTP/1.1', `Authorization: ${credentials}`),
            );
            expect(answers.length).toBeGreaterThan(0);
            for (const { status, body } of answers) {
              expect([400, 401]).toContain(status);
              expect(Object.keys(ERROR_CATALOGUE)).toContain(body.messageId);
            }
          },
        ),
        { numRuns: 100 },
      );
    });

    it('of any printable characters is 401', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom('Bearer', 'Basic', 'Negotiate'),
          fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 200 }),
          async (scheme, text) => {
            const headers = { Authorization: `${scheme} ${text}` };
            const { status } = await send(service.url, { path: '/api/licensing/check', headers });
            expect(status).toBe(401);
          },
        ),
        { numRuns: 200 },
      );
    });
  });

  describe('as a body', () => {
    const member = fc.constantFrom(
      ...['token', 'instance', 'queue', 'acknowledge', 'name', 'role', 'isDisabled', 'secondsToLive'],
      ...['isRevoked', 'roleUid', '__proto__', 'constructor', 'prototype', 'toString', 'Name', ''],
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '\0',
        'a\0b',
        '\ud800',
        '\udfff\ud800',
        '*',
        ' ',
        'a.b.c',
        'e30.e30.AA',
        'a'.repeat(20_000),
      ),
      fc.constantFrom('http://localhost:3000.evil.example/', 'http://localhost:3000/x', '//localhost:3000/'),
      fc.constantFrom('Admin', 'true', '0', READER, 'basic_grafana_admin', '../../x'),
    );
    const value = fc.oneof(
      text,
      fc.jsonValue(),
      fc.integer(),
      fc.double({ noNaN: true }),
      fc.constantFrom(true, false, null, 2 ** 31, -1, 0, 1e308, 2 ** 53, 0.1),
      fc.array(text, { maxLength: 3 }),
    );
    const anyBody = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.dictionary(member, value, { maxKeys: 4 }).map((body) => JSON.stringify(body)),
      },
      { weight: 1, arbitrary: fc.jsonValue().map((body) => JSON.stringify(body)) },
      { weight: 1, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 200 }) },
      { weight: 1, arbitrary: fc.string({ minLength: 1, maxLength: 100 }) },
    );

    it.each(WITH_BODY)(
      'of any kind for $method $path is refused in a documented way, or accepted as the document allows it',
      async ({ method, path, operationId }) => {
        await fc.assert(
          fc.asyncProperty(anyBody, async (body) => {
            // This alone asks the issuer, which is not what this is about.
            fc.pre(!ASKING.includes(operationId) || Buffer.from(body).toString().trim() !== '{}');
            // As our page sends it, which alone can sign in.
            const reply = await service.call(method, concrete(path), {
              body,
              headers: { Origin: service.url },
            });
            expect(reply.status).toBeLessThan(500);
            if (operationId.endsWith('LicenseToken')) expect(await stored()).toBe(license);
          }),
          { numRuns: 300 },
        );
      },
    );

    it.each(WITH_BODY)(
      'with broken, doubled or foreign JSON for $method $path is 400',
      async ({ method, path }) => {
        const bodies: (string | Uint8Array)[] = [
          ...[
            '[]',
            'null',
            'true',
            '0',
            '"{}"',
            '[{}]',
            '{',
            '}',
            '{}{}',
            '{},',
            '{} x',
            "{'a':1}",
            '{a:1}',
            '{"a":}',
          ],
          ...[
            '{"a":1,}',
            '{"a":01}',
            '{"a":+1}',
            '{"a":.5}',
            '{"a":NaN}',
            '{"a":Infinity}',
            '{"a":1e400}',
            '{"a":-1e400}',
          ],
          ...[
            '{"a":"\n"}',
            '{"a":"\\x"}',
            '{"a":"\\ud8"}',
            '//\n{}',
            '/**/{}',
            '\u00a0{}',
            '\0',
            '{}\0',
            '\u2028{}',
          ],
          ...[
            '{"__proto__":1}',
            '{"constructor":1}',
            '{"__proto__":{"token":"x"}}',
            '{"toString":1}',
            '{"":1}',
          ],
          ...[
            '{"token":"x","token":"x"}',
            '{"name":"a","name":"a"}',
            '{"name":"a","\\u006eame":"a"}',
            '{"x":{"y":1,"y":1}}',
          ],
          '['.repeat(30_000),
          `${'['.repeat(30_000)}${']'.repeat(30_000)}`,
          '{"a":'.repeat(10_000),
          `{"a":${'[['.repeat(16)}${']]'.repeat(16)}}`,
          '\ufeff{}',
          Buffer.from([0xef, 0xbb, 0xbf, 0x7b, 0x7d]),
          Buffer.from([0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]),
          Buffer.from([0x7b, 0x22, 0xc0, 0x80, 0x22, 0x3a, 0x31, 0x7d]),
          Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]),
        ];
        // A sign-in is read before its caller is known, and so is shorter.
        const most = path === '/ui/session' ? 16 * 1024 : Infinity;
        for (const body of bodies.filter(({ length }) => length <= most)) {
          const reply = await service.call(method, concrete(path), {
            body,
            headers: { Origin: service.url },
          });
          expect([String(body).slice(0, 40), reply.status, reply.body.messageId]).toEqual([
            String(body).slice(0, 40),
            400,
            'bad-request',
          ]);
        }
      },
    );

    it('nested 100,000 deep, or of 10 MB, is 413 as anything above 64 KiB', async () => {
      for (const body of ['['.repeat(100_000), '{"a":'.repeat(100_000), Buffer.alloc(10 * KIB * KIB, 0x20)]) {
        for (const transfer of [{}, { 'Transfer-Encoding': 'chunked' }]) {
          const answer = await send(service.url, {
            method: 'POST',
            path: '/api/licensing/token',
            headers: { ...JSON_HEADERS, ...transfer },
            body,
          });
          expectTyped(answer, 413, 'request.too-large');
        }
      }
    });

    it('may have 64 KiB, and not a byte more, with a length or in chunks', async () => {
      for (const transfer of [{}, { 'Transfer-Encoding': 'chunked' }]) {
        const post = async (length: number) =>
          send(service.url, {
            method: 'POST',
            path: '/api/licensing/token/renew',
            headers: { ...JSON_HEADERS, ...transfer },
            body: `{"a":0}${' '.repeat(length - 7)}`,
          });
        expectTyped(await post(64 * KIB), 400, 'bad-request');
        expectTyped(await post(64 * KIB + 1), 413, 'request.too-large');
      }
    });

    it('that is too large is a matter for who may send one: 401, then 403, then 413, then 400', async () => {
      const body = Buffer.alloc(65 * KIB, 0x20);
      const install = async (headers: Record<string, string>) =>
        send(service.url, { method: 'POST', path: '/api/licensing/token', headers, body });
      expectTyped(await install({}), 401, 'auth.unauthorized');
      expectTyped(await install({ Authorization: 'Bearer wrong' }), 401, 'api-key.invalid');
      expect((await install({ Authorization: `Bearer ${reader}` })).status).toBe(403);
      expectTyped(await install({ Authorization: AUTHORIZATION }), 413, 'request.too-large');
      const wrongId = { method: 'PATCH', path: '/api/serviceaccounts/x', headers: JSON_HEADERS };
      expectTyped(await send(service.url, { ...wrongId, body }), 413, 'request.too-large');
      expectTyped(await send(service.url, { ...wrongId, body: 'x' }), 400, 'bad-request');
    });

    it.each([
      '',
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/jsonp',
      'application/json-patch+json',
      'application/json, text/plain',
      'application/json; charset=utf-16',
      'application/json; charset=latin1',
      'application/json; charset=utf-8; x=y',
      'text/json',
      '*/*',
    ])('of the Content-Type %j is 400', async (type) => {
      const headers = { Authorization: AUTHORIZATION, ...(type === '' ? {} : { 'Content-Type': type }) };
      const body = JSON.stringify({ name: 'never' });
      const answer = await send(service.url, { method: 'POST', path: '/api/serviceaccounts', headers, body });
      expectTyped(answer, 400, 'bad-request');
      expect(answer.body.error).toBe(contentTypeFault(type, undefined));
    });

    it.each([
      'application/json',
      'Application/JSON',
      'application/json; charset=utf-8',
      'application/json;charset="UTF-8"',
      'application/json; charset=utf8',
      'application/json;',
    ])('of the Content-Type %s is read', async (type) => {
      const headers = { ...JSON_HEADERS, 'Content-Type': type };
      const body = JSON.stringify({ name: `typed ${type.replaceAll('"', '')}` });
      const answer = await send(service.url, { method: 'POST', path: '/api/serviceaccounts', headers, body });
      expect(answer.status).toBe(201);
    });

    it.each(['gzip', 'deflate', 'br', 'zstd', 'identity, gzip', 'x'])(
      'with Content-Encoding %s is 400',
      async (encoding) => {
        const answer = await send(service.url, {
          method: 'POST',
          path: '/api/serviceaccounts',
          headers: { ...JSON_HEADERS, 'Content-Encoding': encoding },
          body: '{"name":"never"}',
        });
        expectTyped(answer, 400, 'bad-request');
      },
    );

    it('that ends early changes nothing, though what came is whole JSON', async () => {
      for (const [method, path, sent] of [
        ['POST', '/api/serviceaccounts', '{"name":"aborted"}'],
        ['DELETE', '/api/licensing/token', '{"instance":"http://localhost:3000/"}'],
        ['POST', '/api/licensing/token/renew', '{}'],
      ] as const) {
        const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
        await once(socket, 'connect');
        const length = `Content-Length: ${sent.length + 1}`;
        const lines = [`Authorization: ${AUTHORIZATION}`, 'Content-Type: application/json', length];
        socket.write(head(`${method} ${path} HTTP/1.1`, ...lines) + sent);
        await new Promise((resolve) => setTimeout(resolve, 50));
        socket.destroy();
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect((await service.post('/api/serviceaccounts', { name: 'aborted' })).status).toBe(201);
      expect(issuer.renewals).toEqual([]);
    });

    it('beside a GET or a HEAD is ignored', async () => {
      const body = '{"instance":"http://localhost:3000/"}';
      for (const method of ['GET', 'HEAD']) {
        for (const transfer of [
          { 'Content-Length': String(body.length) },
          { 'Transfer-Encoding': 'chunked' },
        ]) {
          const headers = { ...JSON_HEADERS, ...transfer };
          expect(
            (await send(service.url, { method, path: '/api/licensing/check', headers, body })).status,
          ).toBe(200);
        }
      }
    });
  });

  describe('as a path', () => {
    it.each([
      '/api/licensing/check/',
      '/api/licensing/check//',
      '//api/licensing/check',
      '/api//licensing/check',
      '/api/licensing//check',
      '/./api/licensing/check',
      '/api/./licensing/check',
      '/api/licensing/./check',
      '/api/x/../licensing/check',
      '/healthz/../api/licensing/check',
      '/api/licensing/check/.',
      '/api/licensing/check/..',
      '/api/licensing/%2e/check',
      '/healthz/%2e%2e/api/licensing/check',
      '/api%2Flicensing%2Fcheck',
      '/api/licensing%2fcheck',
      '/api/licensing%5Ccheck',
      '/api/licensing\\check',
      '/api/licensing/%63heck',
      '/%61pi/licensing/check',
      '/api/licensing/check%00',
      '/api/licensing/check%20',
      '/api/licensing/check%0a',
      '/api/licensing/check%3F',
      '/api/licensing/check;v=1',
      '/api/licensing/check.json',
      '/API/licensing/check',
      '/api/Licensing/check',
      '/api/licensing/CHECK',
      '/api/licensing',
      '/api/licensing/',
      '/api/licensing/check/x',
      '/api/licensing/%zz',
      '/api/licensing/%',
      '/api/licensing/%E0%A4%A',
      '/api/serviceaccounts/%zz/tokens',
      '/api/serviceaccounts/%/tokens',
      '/api/serviceaccounts/%FF/tokens',
      '/api/serviceaccounts//tokens',
      '/api/serviceaccounts/1/tokens/',
      '/api/serviceaccounts/1/TOKENS',
      '/api/access-control/users//roles',
      '/readyz/',
      '/HEALTHZ',
      '/api/openapi.yaml/',
      '/api/openapi%2Eyaml',
      '/',
      '/favicon.ico',
      '/.env',
      '/metrics/../readyz',
      `/${'a/'.repeat(4_000)}`,
      '/api/licensing/check#',
      '/api/licensing/check#?',
      '/#/api/licensing/check',
      'http://xn--a-/api/licensing/checks',
      'http://a@[b/api#',
      'http://?x',
      'http://localhost',
      'ftp://localhost/api/licensing/check',
      '*',
    ])('that is %s is 404 for every caller, before the caller is looked at', async (path) => {
      for (const headers of [{}, { Authorization: AUTHORIZATION }, { Authorization: 'Bearer wrong' }]) {
        for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS']) {
          const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
          const [answer] = await converse(service.url, head(`${method} ${path} HTTP/1.1`, ...lines));
          if (answer === undefined) throw new Error(`no answer to ${path}`);
          expectTyped(answer, 404, 'not-found');
        }
      }
    });

    it.each([
      'GET /api/licensing/ch\0eck HTTP/1.1',
      'GET /api/licensing/ch\u0001eck HTTP/1.1',
      'GET /api/licensing/ch\u00e9ck HTTP/1.1',
      'GET api/licensing/check HTTP/1.1',
      'GET \\api\\licensing\\check HTTP/1.1',
      'GET javascript:/api/licensing/check HTTP/1.1',
      'GET /api/licensing/check HTTP/1.1 x',
      'GET /api/licensing/check HTTP/3.0',
      'GET /api/licensing/check http/1.1',
      'GET/api/licensing/check HTTP/1.1',
      'get /api/licensing/check HTTP/1.1',
      'STEAL /api/licensing/check HTTP/1.1',
      'hello',
      '\u0016\u0003\u0001\u0002\0\u0001',
    ])('in the request line %j is 400 of a broken request', async (line) => {
      const [answer] = await converse(service.url, head(line, `Authorization: ${AUTHORIZATION}`));
      if (answer === undefined) throw new Error('no answer');
      expectTyped(answer, 400, 'bad-request');
      expect(answer.headers.connection).toBe('close');
    });

    it('in absolute form is the path in it, method and guard included', async () => {
      const ask = async (method: string, ...lines: string[]) =>
        (
          await converse(
            service.url,
            head(`${method} http://localhost:3000/api/licensing/check HTTP/1.1`, ...lines),
          )
        )[0];
      expect((await ask('GET', `Authorization: ${AUTHORIZATION}`))?.text).toBe('true');
      expect((await ask('GET'))?.status).toBe(401);
      const put = await ask('PUT', `Authorization: ${AUTHORIZATION}`);
      expect([put?.status, put?.headers.allow]).toEqual([405, 'GET, HEAD']);
      const [query] = await converse(
        service.url,
        head('GET HTTP://x/healthz?http://y HTTP/1.1', `Authorization: ${AUTHORIZATION}`),
      );
      expect(query?.text).toBe('Ok');
      const [nobody] = await converse(service.url, head('GET http://[::1/api/licensing/check HTTP/1.1'));
      if (nobody === undefined) throw new Error('no answer');
      expectTyped(nobody, 401, 'auth.unauthorized');
    });

    it('with any query is the same path', async () => {
      for (const query of [
        '?',
        '?a',
        '?%zz',
        '?__proto__[x]=1',
        '?a=1&a=2',
        `?${'a'.repeat(8_000)}`,
        '?/../..',
        '??#'.slice(0, 2),
      ]) {
        const answer = await send(service.url, {
          path: `/api/licensing/check${query}`,
          headers: { Authorization: AUTHORIZATION },
        });
        expect([query, answer.text]).toEqual([query, 'true']);
      }
    });
  });

  describe('as headers', () => {
    it.each([
      ['X-HTTP-Method-Override', 'DELETE'],
      ['X-HTTP-Method', 'DELETE'],
      ['X-Method-Override', 'DELETE'],
      ['X-Original-URL', '/healthz'],
      ['X-Rewrite-URL', '/healthz'],
      ['X-Forwarded-Prefix', '/healthz'],
      ['X-Original-Method', 'GET'],
    ])('never change what is called: %s: %s', async (name, value) => {
      const body = '{"instance":"http://localhost:3000/"}';
      const as = async (method: string, path: string, authorization: Record<string, string>) =>
        send(service.url, {
          method,
          path,
          headers: { ...authorization, [name]: value, 'Content-Type': 'application/json' },
          ...(method === 'POST' ? { body } : {}),
        });
      expect((await as('GET', '/api/licensing/check', {})).status).toBe(401);
      const known = { Authorization: AUTHORIZATION };
      expect((await as('GET', '/api/licensing/check', known)).text).toBe('true');
      expect((await as('POST', '/api/licensing/token', known)).status).toBe(400);
      expect((await as('POST', '/api/licensing/token?_method=DELETE', known)).status).toBe(400);
      expect((await as('POST', '/api/licensing/token', { Authorization: `Bearer ${reader}` })).status).toBe(
        403,
      );
    });

    it('above 16 KiB, in one or in many or in the URL, are 431', async () => {
      for (const request of [
        head('GET /healthz HTTP/1.1', `X-Big: ${'a'.repeat(17 * KIB)}`),
        head(
          'GET /healthz HTTP/1.1',
          ...Array.from({ length: 1_000 }, (_, at) => `X-Many-${at}: aaaaaaaaaa`),
        ),
        head(`GET /${'a'.repeat(17 * KIB)} HTTP/1.1`),
        head('GET /healthz HTTP/1.1', `Authorization: Bearer ${'a'.repeat(20 * KIB)}`),
      ]) {
        const [answer] = await converse(service.url, request);
        if (answer === undefined) throw new Error('no answer');
        expectTyped(answer, 431, 'request.too-large');
      }
    });

    it.each([
      ['a header without a colon', ['nonsense']],
      ['a space before the colon', [`Authorization : ${AUTHORIZATION}`]],
      ['a folded header', ['X-Folded: a\r\n b']],
      ['a bare line feed', ['X-A: b\nX-C: d']],
      ['NUL in a value', ['X-A: \0']],
      ['a negative Content-Length', ['Content-Length: -1']],
      ['a Content-Length that is no number', ['Content-Length: 1e3']],
      ['two Content-Lengths', ['Content-Length: 1', 'Content-Length: 2']],
      ['Content-Length beside chunks', ['Content-Length: 5', 'Transfer-Encoding: chunked']],
      ['an unknown Transfer-Encoding', ['Transfer-Encoding: xchunked']],
      ['a Content-Length beyond all numbers', ['Content-Length: 99999999999999999999999']],
    ])('that are broken are 400: %s', async (_, lines) => {
      const [answer] = await converse(
        service.url,
        `${head('POST /api/licensing/token/renew HTTP/1.1', `Authorization: ${AUTHORIZATION}`, ...lines)}0\r\n\r\n`,
      );
      if (answer === undefined) throw new Error('no answer');
      expectTyped(answer, 400, 'bad-request');
    });

    it('without Host are 400 in HTTP/1.1, and fine in HTTP/1.0', async () => {
      const lines = `Authorization: ${AUTHORIZATION}\r\nConnection: close\r\n\r\n`;
      const [modern] = await converse(service.url, `GET /api/licensing/check HTTP/1.1\r\n${lines}`);
      if (modern === undefined) throw new Error('no answer');
      expectTyped(modern, 400, 'bad-request');
      expect(modern.headers['x-request-id']).toMatch(/./);
      const [old] = await converse(service.url, `GET /api/licensing/check HTTP/1.0\r\n${lines}`);
      expect(old?.text).toBe('true');
    });

    it('that expect 100-continue are told to go on, and any other expectation is no obstacle', async () => {
      const lines = [
        `Authorization: ${AUTHORIZATION}`,
        'Content-Type: application/json',
        'Content-Length: 7',
      ];
      const line = 'POST /api/licensing/token HTTP/1.1';
      const usual = await converse(service.url, head(line, ...lines, 'Expect: 100-continue'), '{"a":1}');
      expect(usual.map(({ status }) => status)).toEqual([100, 400]);
      const [odd] = await converse(service.url, head(line, ...lines, 'Expect: miracles') + '{"a":1}');
      if (odd === undefined) throw new Error('no answer');
      expectTyped(odd, 400, 'bad-request');
    });

    it('are not told to go on with a body that nobody will read', async () => {
      const line = 'POST /api/licensing/token HTTP/1.1';
      const expecting = ['Content-Type: application/json', 'Expect: 100-continue'];
      const stranger = await converse(service.url, head(line, ...expecting, 'Content-Length: 2'), '{}');
      expect(stranger.map(({ status }) => status)).toEqual([401]);
      const credentials = `Authorization: ${AUTHORIZATION}`;
      const huge = head(line, ...expecting, credentials, 'Content-Length: 99999999');
      expect((await converse(service.url, huge)).map(({ status }) => status)).toEqual([413]);
    });

    it('with two hosts are refused', async () => {
      const [answer] = await converse(
        service.url,
        head('GET /api/licensing/check HTTP/1.1', `Authorization: ${AUTHORIZATION}`, 'Host: another'),
      );
      if (answer === undefined) throw new Error('no answer');
      expectTyped(answer, 400, 'bad-request');
    });

    it('with two Authorization headers are refused, however many headers stand between them', async () => {
      const authorization = `Authorization: ${AUTHORIZATION}`;
      const many = Array.from({ length: 2_100 }, () => 'a:');
      const line = 'GET /api/licensing/check HTTP/1.1';
      const [twice] = await converse(service.url, head(line, authorization, ...many, authorization));
      expect(twice?.status).toBe(401);
      const [once] = await converse(service.url, head(line, ...many, authorization));
      expect(once?.status).toBe(200);
    });

    it('get one answer, also when the rest of their body never comes', async () => {
      const line = 'POST /api/licensing/token HTTP/1.1';
      const request = head(line, 'Content-Type: application/json', 'Content-Length: 2').replace(
        'close',
        'keep-alive',
      );
      expect((await converse(service.url, `${request}{`)).map(({ status }) => status)).toEqual([401]);
    });

    it('that ask for another protocol are answered in this one', async () => {
      const upgrade = [`Authorization: ${AUTHORIZATION}`, 'Upgrade: websocket'];
      const request = head('GET /api/licensing/check HTTP/1.1', ...upgrade).replace(
        'close',
        'close, Upgrade',
      );
      expect((await converse(service.url, request))[0]?.text).toBe('true');
      const [tunnel] = await converse(service.url, head('CONNECT localhost:5432 HTTP/1.1'));
      if (tunnel === undefined) throw new Error('no answer');
      expectTyped(tunnel, 400, 'bad-request');
    });

    it('in a trailer are no headers', async () => {
      const request = head('POST /api/licensing/token/renew HTTP/1.1', 'Transfer-Encoding: chunked');
      const [answer] = await converse(service.url, `${request}0\r\nAuthorization: ${AUTHORIZATION}\r\n\r\n`);
      expect(answer?.status).toBe(401);
    });
  });

  describe('as a connection', () => {
    it('with several requests at once gets each answer, in order, each for its own caller', async () => {
      const ask = (path: string, ...lines: string[]) =>
        [`GET ${path} HTTP/1.1`, 'Host: localhost', ...lines, '', ''].join('\r\n');
      const answers = await converse(
        service.url,
        [
          ask('/healthz'),
          ask('/api/licensing/check', `Authorization: ${AUTHORIZATION}`),
          ask('/api/licensing/check'),
          ask('/api/licensing/check', `Authorization: Bearer ${reader}`),
          ask('/nothing', 'Connection: close'),
        ].join(''),
      );
      expect(answers.map(({ status, text }) => [status, text.slice(0, 4)])).toEqual([
        [200, 'Ok'],
        [200, 'true'],
        [401, '{"me'],
        [200, 'true'],
        [404, '{"me'],
      ]);
    });

    it('that goes on after its last request gets the answer to that request, and no other', async () => {
      const waiting = issuer.holdRenewals();
      issuer.answerRenewals({ status: 409, body: { code: 'not_due' } });
      const lines = [`Authorization: ${AUTHORIZATION}`, 'Content-Length: 0'];
      const answers = converse(
        service.url,
        `${head('POST /api/licensing/token/renew HTTP/1.1', ...lines)}GET / HTTP/1.1`,
      );
      await waiting.arrived;
      waiting.release();
      expect((await answers).map(({ status }) => status)).toEqual([200]);
      issuer.answerRenewals();
      issuer.requests.length = 0;
    });

    it('that goes on with nonsense gets the answers to its whole requests first', async () => {
      const waiting = issuer.holdRenewals();
      issuer.answerRenewals({ status: 409, body: { code: 'not_due' } });
      const lines = [`Authorization: ${AUTHORIZATION}`, 'Content-Length: 0'];
      const request = head('POST /api/licensing/token/renew HTTP/1.1', ...lines).replace(
        'close',
        'keep-alive',
      );
      const answers = converse(service.url, `${request}nonsense\r\n\r\n`);
      await waiting.arrived;
      waiting.release();
      expect((await answers).map(({ status, headers }) => [status, headers.connection])).toEqual([
        [200, 'close'],
      ]);
      issuer.answerRenewals();
      issuer.requests.length = 0;
    });

    it.each([
      ['says that it is the last', 'GET /healthz HTTP/1.1', 'Connection: close', [200]],
      ['is of HTTP/1.0', 'GET /healthz HTTP/1.0', 'X-A: b', [200]],
      ['names no host', 'GET /healthz HTTP/1.1', undefined, [400]],
    ])('gets no second answer after one to a request that %s', async (_, line, extra, expected) => {
      const request = [line, ...(extra === undefined ? [] : ['Host: localhost', extra]), '', ''].join('\r\n');
      const answers = await converse(service.url, request, 'nonsense\r\n\r\n');
      expect(answers.map(({ status }) => status)).toEqual(expected);
      const together = await converse(service.url, `${request}nonsense\r\n\r\n`);
      expect(together.map(({ status }) => status)).toEqual(expected);
    });

    it('with chunks that are none is 400', async () => {
      const lines = [
        `Authorization: ${AUTHORIZATION}`,
        'Content-Type: application/json',
        'Transfer-Encoding: chunked',
      ];
      const [answer] = await converse(
        service.url,
        `${head('POST /api/licensing/token HTTP/1.1', ...lines)}zz\r\n{}`,
      );
      if (answer === undefined) throw new Error('no answer');
      expectTyped(answer, 400, 'bad-request');
    });

    it('that never finishes its headers is told so after 5 seconds, and closed', async () => {
      const began = performance.now();
      const [answer] = await converse(
        service.url,
        'GET /api/licensing/check HTTP/1.1\r\n',
        'Host: localhost\r\nX-A',
      );
      if (answer === undefined) throw new Error('no answer');
      expectTyped(answer, 408, 'bad-request');
      expect(performance.now() - began).toBeGreaterThan(4_500);
      expect(performance.now() - began).toBeLessThan(8_000);
    });

    it('that says nothing, or goes away at once, harms nobody', async () => {
      const sockets = Array.from({ length: 200 }, () =>
        connect(Number(new URL(service.url).port), '127.0.0.1'),
      );
      await Promise.all(sockets.map(async (socket) => once(socket, 'connect')));
      expect((await service.get('/api/licensing/check')).body).toBe(true);
      for (const socket of sockets) socket.resetAndDestroy();
      await new Promise((resolve) => setTimeout(resolve, 50));
    });
  });
});
