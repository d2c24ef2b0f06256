import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const INDEX = 'application/vnd.oci.image.index.v1+json';
const FILES = ['Dockerfile', 'docker-compose.yml', 'deploy/compose/Dockerfile'];

/** What the registry has: the bytes of a manifest by the path of its tag, and their type. */
type Manifests = Readonly<Record<string, { readonly text: string; readonly type?: string }>>;

const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

describe('npm run images:pin', () => {
  const both: Manifests = {
    '/v2/library/node/manifests/24-bookworm-slim': { text: '{"a":1}' },
    '/v2/library/postgres/manifests/17-alpine': { text: '{"b":2}' },
    '/v2/library/postgres/manifests/17.6-alpine': { text: '{"c":3}' },
  };
  let manifests = both;
  let server: Server;
  let registry: string;
  let root: string;

  beforeAll(async () => {
    // As Docker's registry: who shows no token is told where to get one.
    server = createServer((request, response) => {
      const url = new URL(request.url ?? '', registry);
      if (url.pathname === '/token') {
        response.end(JSON.stringify({ token: `for ${url.searchParams.get('scope')}` }));
        return;
      }
      const [, image = ''] = /^\/v2\/(library\/\w+)\//.exec(url.pathname) ?? [];
      const scope = `repository:${image}:pull`;
      const manifest = manifests[url.pathname];
      if (request.headers.authorization !== `Bearer for ${scope}`) {
        response.writeHead(401, {
          'WWW-Authenticate': `Bearer realm="${registry}/token",service="registry",scope="${scope}"`,
        });
        response.end();
      } else if (manifest === undefined) {
        response.writeHead(404).end();
      } else {
        response.writeHead(200, { 'Content-Type': manifest.type ?? INDEX }).end(manifest.text);
      }
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    registry = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(() => server.close());

  beforeEach(() => {
    manifests = both;
    root = mkdtempSync(join(tmpdir(), 'licentia-pin-'));
    for (const file of FILES) cpSync(join(ROOT, file), join(root, file));
  });

  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const texts = () => FILES.map((file) => readFileSync(join(root, file), 'utf8')).join('');

  async function run(...args: string[]) {
    const script = join(ROOT, 'scripts/pin-images.mjs');
    return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      execFile(
        process.execPath,
        [script, '--root', root, '--registry', registry, ...args],
        (error, stdout, stderr) =>
          resolve({ code: error === null ? 0 : (error.code as number), stdout, stderr }),
      );
    });
  }

  it('writes the digest of what the registry has behind each tag, moves it, and takes it out again', async () => {
    const node = `node:24-bookworm-slim@${digestOf('{"a":1}')}`;
    const before = `postgres:17-alpine@${digestOf('{"b":2}')}`;
    const after = `postgres:17.6-alpine@${digestOf('{"c":3}')}`;
    await run('--unpin');
    const unpinned = texts();
    expect((await run()).stdout).toBe(`${node}\n${before}\n`);
    expect(texts()).toContain(`ARG NODE_IMAGE=${node}\n`);
    expect(texts()).toContain(`\${NODE_IMAGE:-${node}}`);
    expect(texts()).toContain(`\${POSTGRES_IMAGE:-${before}}`);
    expect((await run('--tag', 'postgres=17.6-alpine')).stdout).toBe(`${node}\n${after}\n`);
    expect(texts()).toContain(`\${POSTGRES_IMAGE:-${after}}`);
    await run('--unpin', '--tag', 'postgres=17-alpine');
    expect(texts()).toBe(unpinned);
  });

  it.each<[string, Manifests, string[], RegExp]>([
    [
      'one image cannot be found',
      { '/v2/library/node/manifests/24-bookworm-slim': { text: '{}' } },
      [],
      /answered 404/,
    ],
    [
      'the tag is of one platform alone',
      Object.fromEntries(
        Object.keys(both).map((path) => [
          path,
          { text: '{}', type: 'application/vnd.oci.image.manifest.v1+json' },
        ]),
      ),
      [],
      /no list of platforms/,
    ],
    ['there is no such image', both, ['--tag', 'redis=8'], /no base image redis/],
    ['the registry cannot be reached', both, ['--registry', 'http://127.0.0.1:1'], /fetch failed/],
  ])('writes nothing when %s', async (_, known, args, reason) => {
    manifests = known;
    const before = texts();
    const { code, stderr } = await run(...args);
    expect([code, stderr]).toEqual([1, expect.stringMatching(reason)]);
    expect(stderr).toMatch(/^Nothing was written/);
    expect(texts()).toBe(before);
  });
});
