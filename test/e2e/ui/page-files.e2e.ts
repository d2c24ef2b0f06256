import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { type TestDatabase, testDatabase } from '../../support/database.js';
import { TestService } from '../../support/service.js';
import { type RawAnswer, send } from '../http/raw-http.js';

const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
  "form-action 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/** What `npm run build` made. */
const BUILT = fileURLToPath(new URL('../../../dist/web/', import.meta.url));
const INDEX = readFileSync(join(BUILT, 'index.html'), 'utf8');
const assetOf = (extension: string) => new RegExp(`assets/[\\w-]+\\.${extension}`).exec(INDEX)?.[0] ?? '';
const SCRIPT = assetOf('js');
const SCRIPT_TEXT = readFileSync(join(BUILT, SCRIPT), 'utf8');

describe('The files of the page', () => {
  let database: TestDatabase;
  let service: TestService;

  beforeAll(async () => {
    database = await testDatabase();
    service = await TestService.start(database, {
      ROOT_URL: 'http://localhost:3000/below/',
      SERVE_FROM_SUB_PATH: 'true',
    });
  });

  afterAll(async () => {
    await service.stop();
    await database.drop();
  });

  const get = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<RawAnswer> =>
    send(service.url, { method, path: `/below${path}`, headers, documented: false });

  it('are the index, never stored, and assets, stored for a year', async () => {
    const index = await get('/ui/');
    expect([index.status, index.text]).toEqual([200, INDEX]);
    expect(index.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
    });
    const script = await get(`/ui/${SCRIPT}`);
    expect([script.status, script.text]).toEqual([200, SCRIPT_TEXT]);
    expect(script.headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
    });
    expect((await get(`/ui/${assetOf('css')}`)).headers['content-type']).toBe('text/css; charset=utf-8');
    expect((await get(`/ui/${assetOf('svg')}`)).headers['content-type']).toBe('image/svg+xml; charset=utf-8');
  });

  it.each(['/ui/', `/ui/${SCRIPT}`, '/ui', '/ui/nothing', '/ui/session'])(
    'and what is beside them allow nothing but what the page needs: %s',
    async (path) => {
      expect((await get(path)).headers).toMatchObject({
        'content-security-policy': CSP,
        'referrer-policy': 'no-referrer',
        'permissions-policy': expect.stringContaining('camera=()') as string,
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'deny',
      });
    },
  );

  it('are compressed for those who take that', async () => {
    const packed = await fetchBytes(`/below/ui/${SCRIPT}`, 'br, gzip;q=0.5');
    expect([packed.encoding, gunzipSync(packed.bytes).toString()]).toEqual(['gzip', SCRIPT_TEXT]);
    expect((await get(`/ui/${SCRIPT}`, { 'Accept-Encoding': 'gzip;q=0' })).text).toBe(SCRIPT_TEXT);
  });

  async function fetchBytes(path: string, accepted: string) {
    // A socket, as fetch would unpack it.
    const { request } = await import('node:http');
    return new Promise<{ bytes: Buffer; encoding: string | undefined }>((resolve, reject) => {
      const outgoing = request(
        `${service.url}${path}`,
        { headers: { 'Accept-Encoding': accepted } },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('end', () =>
            resolve({ bytes: Buffer.concat(chunks), encoding: answer.headers['content-encoding'] }),
          );
        },
      );
      outgoing.on('error', reject);
      outgoing.end();
    });
  }

  it('have no body for HEAD, and no other method', async () => {
    const head = await get('/ui/', {}, 'HEAD');
    expect([head.status, head.text, head.headers['content-length']]).toEqual([200, '', String(INDEX.length)]);
    const post = await get('/ui/', {}, 'POST');
    expect([post.status, post.headers.allow, post.body.messageId]).toEqual([
      ...[405, 'GET, HEAD', 'method-not-allowed'],
    ]);
  });

  it('are where browsers are led to, below any path, and programs are not', async () => {
    const html = { Accept: 'text/html,application/xhtml+xml' };
    for (const [path, target] of [
      ['/', '/below/ui/'],
      ['/ui', '/below/ui/'],
    ] as const) {
      const { status, headers } = await get(path, html);
      expect(status).toBe(302);
      expect(new URL(headers.location ?? '', `http://localhost:3000/below${path}`).pathname).toBe(target);
    }
    expect((await get('/', { Accept: '*/*' })).body.messageId).toBe('not-found');
    expect((await get('/', html, 'POST')).status).toBe(404);
  });

  it.each([
    '/ui/nothing',
    '/ui//',
    '/ui/index.html/',
    '/ui/assets/',
    '/ui/../web/index.html',
    '/ui/../../package.json',
    '/ui/%2e%2e/web/index.html',
    '/ui/..%2fmain.js',
    '/ui/assets/..%5c..%5cmain.js',
    '/ui/%00',
    '/ui/__proto__',
    '/ui/constructor',
    '/UI/',
  ])('are no others: %s', async (path) => {
    const answer = await get(path);
    expect([answer.status, answer.body.messageId]).toEqual([404, 'not-found']);
  });
});

describe('UI=false', () => {
  it('leaves nothing of the page', async () => {
    const database = await testDatabase();
    const service = await TestService.start(database, { UI: 'false' });
    try {
      for (const path of ['/', '/ui', '/ui/', '/ui/index.html']) {
        const reply = await service.get(path, { headers: { Accept: 'text/html' } });
        expect([path, reply.status, reply.body.messageId]).toEqual([path, 404, 'not-found']);
        expect(reply.headers.get('content-security-policy')).toBeNull();
      }
    } finally {
      await service.stop();
      await database.drop();
    }
  });
});
