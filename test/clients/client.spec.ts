import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createClient } from '../../clients/typescript/src/client.js';
import { retryAfterMs } from '../../clients/typescript/src/retry.js';
import { testDatabase } from '../support/database.js';
import { BOOTSTRAP_TOKEN, TestService } from '../support/service.js';

const run = promisify(execFile);
const MODULES = fileURLToPath(new URL('../../node_modules/', import.meta.url));
const PACKAGE = fileURLToPath(new URL('../../clients/typescript/', import.meta.url));
const ACCOUNT = { name: 'robot' };

/** One answer of the scripted server; it hangs where there is none. */
type Answer = readonly [status: number, headers: Record<string, string>, body: unknown];
const BUSY: Answer = [503, { 'Retry-After': '0' }, { messageId: 'database.unavailable', message: 'Away.' }];
const LIMITED: Answer = [429, { 'Retry-After': '0' }, { messageId: 'too-many-requests', message: 'Slow.' }];
const YES: Answer = [200, {}, true];

describe('The client', () => {
  let server: Server;
  let baseUrl: string;
  let requests: { method: string; url: string; body: string; authorization: string | undefined }[];
  let script: Answer[];

  beforeAll(async () => {
    server = createServer((request, response) => {
      void read(request).then((body) => {
        const { method = '', url = '', headers } = request;
        requests.push({ method, url, body, authorization: headers.authorization });
        const answer = script.shift();
        if (answer === undefined) return;
        response.writeHead(answer[0], {
          'Content-Type': 'application/json',
          Connection: 'close',
          ...answer[1],
        });
        response.end(typeof answer[2] === 'string' ? answer[2] : JSON.stringify(answer[2]));
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/below`;
  });

  beforeEach(() => {
    requests = [];
    script = [];
  });

  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it('sends the token below the path of the service', async () => {
    script = [YES];
    const check = await createClient({ baseUrl, token: 'abc' }).GET('/api/licensing/check');
    expect(check).toMatchObject({ ok: true, value: true });
    expect(requests).toMatchObject([{ url: '/below/api/licensing/check', authorization: 'Bearer abc' }]);
  });

  it.each(['Content-Length', 'Transfer-Encoding'])(
    'reads a text without a character as one, with %s',
    async (name) => {
      const headers = { 'Content-Type': 'text/csv', [name]: name === 'Content-Length' ? '0' : 'chunked' };
      script = [[200, headers, '']];
      const path = '/api/licensing/usage/ledger';
      expect(await createClient({ baseUrl }).GET(path, { parseAs: 'text' })).toMatchObject({
        ok: true,
        value: '',
      });
    },
  );

  it.each<[string, Answer[], 'read' | 'install' | 'create', number]>([
    ['repeats a read after 503', [BUSY, BUSY, YES], 'read', 3],
    ['gives up after its retries', [BUSY, BUSY, BUSY, YES], 'read', 3],
    ['repeats an upload after 503, whole', [BUSY, YES], 'install', 2],
    ['does not repeat after 503 what is not harmless twice', [BUSY, YES], 'create', 1],
    ['repeats anything after 429, as nothing was done', [LIMITED, YES], 'create', 2],
    ['does not wait longer than half a minute', [[429, { 'Retry-After': '31' }, {}], YES], 'read', 1],
    ['does not repeat a refusal', [[409, {}, {}], YES], 'install', 1],
  ])('%s', async (_, answers, what, tries) => {
    script = [...answers];
    const client = createClient({ baseUrl });
    if (what === 'read') await client.GET('/api/licensing/check');
    if (what === 'install') await client.POST('/api/licensing/token', { body: { token: 'a.b.c' } });
    if (what === 'create') await client.POST('/api/serviceaccounts', { body: ACCOUNT });
    expect(requests).toHaveLength(tries);
    expect(new Set(requests.map(({ body }) => body)).size).toBe(1);
  });

  it.each<[string, Answer, object]>([
    [
      'an error of the API',
      [
        409,
        { 'X-Request-Id': 'r1' },
        { messageId: 'license.acknowledge-required', message: 'No.', changes: [{ member: 'lexp' }] },
      ],
      {
        status: 409,
        code: 'license.acknowledge-required',
        message: 'No.',
        requestId: 'r1',
        nextStep: expect.stringContaining('acknowledge') as unknown,
        changes: [{ member: 'lexp' }],
      },
    ],
    [
      'a missing right',
      [
        403,
        {},
        { accessErrorId: 'ACE1', message: 'Permissions needed: licensing:read', title: 'Access denied' },
      ],
      { status: 403, code: 'access.denied', message: 'Permissions needed: licensing:read' },
    ],
    ['a page of a proxy', [502, {}, '<html>'], { status: 502, code: 'client.bad-answer' }],
    ['a success that is no JSON', [200, {}, '<html>'], { status: undefined, code: 'client.bad-answer' }],
    ['a redirect', [302, { Location: '/elsewhere' }, {}], { code: 'client.unreachable' }],
    [
      'a pause that is too long',
      [503, { 'Retry-After': '600' }, { messageId: 'issuer.unavailable', message: 'Paused.' }],
      { code: 'issuer.unavailable', retryAfter: 600 },
    ],
    [
      'a pause of a proxy, until a date that has passed',
      [503, { 'Retry-After': 'Thu, 01 Jan 1970 00:00:00 GMT' }, '<html>'],
      { code: 'client.bad-answer', retryAfter: 0 },
    ],
  ])('returns %s as a failure', async (_, answer, failure) => {
    script = [answer];
    const call = await createClient({ baseUrl, retries: 0 }).GET('/api/licensing/check');
    expect(call).toMatchObject({ ok: false, failure });
  });

  it('returns silence and a closed port as failures', async () => {
    const hanging = await createClient({ baseUrl, timeoutMs: 50 }).GET('/api/licensing/check');
    expect(hanging).toMatchObject({ ok: false, failure: { code: 'client.timeout', status: undefined } });
    const closed = await createClient({ baseUrl: 'http://127.0.0.1:2' }).GET('/api/licensing/check');
    expect(closed).toMatchObject({
      failure: { code: 'client.unreachable', detail: expect.stringContaining('ECONNREFUSED') as unknown },
    });
  });

  it('says of a network error what is known: in a browser nothing more', async () => {
    const failing = (error: Error) =>
      createClient({ baseUrl, fetch: () => Promise.reject(error) }).GET('/api/licensing/check');
    expect(await failing(new TypeError('Failed to fetch'))).toMatchObject({
      failure: {
        code: 'client.unreachable',
        message: 'The service cannot be reached.',
        detail: undefined,
      },
    });
    expect(await failing(new Error('the proxy is gone'))).toMatchObject({
      failure: { detail: 'the proxy is gone' },
    });
  });

  it.each(['', 'localhost:3000', 'ftp://x', 'http://user:secret@x', 'http://x/?a=1'])(
    'refuses the address "%s"',
    (wrong) => {
      expect(() => createClient({ baseUrl: wrong })).toThrow(TypeError);
    },
  );

  it('gives up an answer without an end, also when its head is there', async () => {
    let sent = 0;
    const endless = createServer((request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      const isSlow = request.url === '/api/licensing/token';
      const part = Buffer.alloc(isSlow ? 1 : 1024 * 1024, ' ');
      const send = () => {
        sent += part.length;
        // An end after all, so that a client that takes everything fails and does not fill the memory.
        if (sent > 300 * 1024 * 1024) response.end();
        else response.write(part, () => (isSlow ? setTimeout(send, 20) : setImmediate(send)));
      };
      response.on('error', () => undefined);
      send();
    }).listen(0, '127.0.0.1');
    await once(endless, 'listening');
    const { port } = endless.address() as AddressInfo;
    const client = (timeoutMs: number) =>
      createClient({ baseUrl: `http://127.0.0.1:${port}`, timeoutMs, retries: 0 });
    const slow = await client(1_000).GET('/api/licensing/token');
    expect(slow).toMatchObject({ ok: false, failure: { code: 'client.timeout' } });
    const long = await client(60_000).GET('/api/licensing/check');
    endless.closeAllConnections();
    endless.close();
    expect(long).toMatchObject({
      ok: false,
      failure: { code: 'client.bad-answer', message: 'The answer is too long.' },
    });
  });

  it('refuses a token that no header can have, without naming it', () => {
    expect(() => createClient({ baseUrl, token: 'secret\nX: y' })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret') as unknown }),
    );
  });

  it.each([
    ['2', 2_000],
    ['Thu, 01 Jan 1970 00:01:00 GMT', 50_000],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['soon', undefined],
    ['-1', undefined],
    [null, undefined],
  ])('reads Retry-After: %s', (header, milliseconds) => {
    expect(retryAfterMs(header, 10_000)).toBe(milliseconds);
  });
});

describe('The lines of its README', () => {
  it('print whether the service is licensed, and why they cannot', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'licentia-client-'));
    const database = await testDatabase();
    const service = await TestService.start(database);
    try {
      const [, lines = ''] = /```js\n([^]*?)```/.exec(readFileSync(`${PACKAGE}README.md`, 'utf8')) ?? [];
      expect(lines.trim().split('\n')).toHaveLength(10);
      // As npm installs it: what the package does not name among its files is not there.
      const installed = join(directory, 'node_modules/@licentia/client');
      mkdirSync(installed, { recursive: true });
      const pack = ['pack', PACKAGE, '--ignore-scripts', '--json', '--pack-destination', directory];
      const packed = JSON.parse((await run('npm', pack)).stdout) as { filename: string }[];
      await run('tar', [
        '-xzf',
        join(directory, packed[0]?.filename ?? ''),
        '--strip-components=1',
        '-C',
        installed,
      ]);
      symlinkSync(join(MODULES, 'openapi-fetch'), join(directory, 'node_modules/openapi-fetch'));
      symlinkSync(
        join(MODULES, 'openapi-typescript-helpers'),
        join(directory, 'node_modules/openapi-typescript-helpers'),
      );
      writeFileSync(join(directory, 'ask.mjs'), lines);
      const ask = async (token: string) =>
        run(process.execPath, ['ask.mjs'], {
          cwd: directory,
          env: { LICENTIA_URL: service.url, LICENTIA_TOKEN: token },
        });
      expect((await ask(BOOTSTRAP_TOKEN)).stdout).toBe('not licensed\n');
      expect((await ask('licsa_wrong')).stderr).toMatch(
        /^Invalid API key \(api-key\.invalid, request \S+\)\nUse another token.*\n$/,
      );
    } finally {
      await service.stop();
      await database.drop();
      rmSync(directory, { recursive: true });
    }
  });
});

async function read(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
