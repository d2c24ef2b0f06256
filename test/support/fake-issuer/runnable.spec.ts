import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { readKeySet } from '../../../src/domain/token/key-set.js';
import { authenticateLicenseToken } from '../../../src/domain/license/license-token.js';
import type { JsonValue } from '../../../src/domain/token/strict-json.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const KEYS = '/.well-known/jwks.json';

/** One renewal on a connection of its own, given up after 300 ms: fetch would try some of them again. */
async function renewBriefly(url: string, token: string): Promise<void> {
  await new Promise<void>((resolve) => {
    const headers = { Authorization: `Bearer ${token}` };
    const call = request(`${url}/v1/licenses/renew`, { method: 'POST', headers, agent: false });
    const timer = setTimeout(() => call.destroy(), 300);
    call
      .on('error', () => undefined)
      .on('response', (response) => response.on('error', () => undefined).resume());
    call.on('close', () => resolve(clearTimeout(timer)));
    call.end('{}');
  });
}

interface Running {
  readonly child: ChildProcess;
  readonly url: string;
  readonly control: string;
  readonly seed?: number;
}

describe('npm run fake-issuer', () => {
  let directory: string;
  const running: ChildProcess[] = [];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'licentia-fake-'));
  });

  afterEach(async () => {
    for (const child of running.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await rm(directory, { recursive: true });
  });

  function run(args: readonly string[], environment: Readonly<Record<string, string>> = {}): ChildProcess {
    const program = ['scripts/run-typescript.mjs', 'test/support/fake-issuer/main.ts'];
    const child = spawn(process.execPath, [...program, ...args], {
      cwd: ROOT,
      env: { PATH: process.env.PATH, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.push(child);
    return child;
  }

  async function start(...args: string[]): Promise<Running> {
    const child = run(['--port', '0', '--control-port', '0', ...args]);
    const [line] = (await once(createInterface(child.stdout as NodeJS.ReadableStream), 'line')) as [string];
    return { child, ...(JSON.parse(line) as Omit<Running, 'child'>) };
  }

  const order = async (at: Running, method: string, path: string, body?: object) => {
    const response = await fetch(`${at.control}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into it as they please
    return { status: response.status, body: (await response.json()) as any };
  };
  const renew = async (at: Running, token: string, attempt = 'one') =>
    fetch(`${at.url}/v1/licenses/renew`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Idempotency-Key': attempt },
      body: '{"instance":"x"}',
      redirect: 'manual',
    });
  const license = async (at: Running, claims = {}) =>
    (await order(at, 'POST', '/tokens', { claims })).body.token as string;
  const renewed = async (at: Running, token: string, attempt?: string) =>
    ((await (await renew(at, token, attempt)).json()) as { token: string }).token;
  const keySet = async (at: Running) =>
    readKeySet((await (await fetch(`${at.url}${KEYS}`)).json()) as JsonValue);

  it('says how it is used', async () => {
    const child = run(['--help']);
    const [output] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    expect(output.toString()).toContain('Usage: npm run fake-issuer');
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(0);
  });

  it('does not run in production', async () => {
    const child = run([], { NODE_ENV: 'production' });
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).not.toBe(0);
  });

  it('ends on SIGTERM, with clients connected', async () => {
    const issuer = await start();
    await order(issuer, 'POST', '/fault', { name: 'does not answer' });
    const call = renew(issuer, await license(issuer)).catch(() => 'cut');
    await new Promise((go) => setTimeout(go, 200));
    issuer.child.kill('SIGTERM');
    expect(await once(issuer.child, 'exit')).toEqual([0, null]);
    expect(await call).toBe('cut');
  });

  it('does wrong what it is told, so many times, and says what happened', async () => {
    const issuer = await start();
    const faults = (await order(issuer, 'GET', '/faults')).body as { name: string }[];
    expect(faults.length).toBeGreaterThanOrEqual(100);
    const token = await license(issuer, { lid: '7' });
    const name = 'refuses with a bare 402';
    expect(await order(issuer, 'POST', '/fault', { name, times: 2 })).toEqual({ status: 200, body: {} });
    const statuses = [];
    for (const attempt of ['one', 'two', 'three'])
      statuses.push((await renew(issuer, token, attempt)).status);
    expect(statuses).toEqual([402, 402, 200]);
    expect((await order(issuer, 'GET', '/log')).body).toMatchObject([
      { event: 'started', url: issuer.url },
      { event: 'request', attempt: 'one', lid: '7', fault: name },
      { event: 'request', attempt: 'two', lid: '7', fault: name },
      { event: 'request', attempt: 'three', lid: '7' },
      { event: 'issued', attempt: 'three', lid: '7' },
    ]);
    expect((await order(issuer, 'POST', '/fault', { name: 'no such thing' })).status).toBe(400);
    expect((await order(issuer, 'GET', '/no/such/thing')).status).toBe(400);
  });

  it('says what renewals report, and refuses reports when it is told to', async () => {
    const issuer = await start();
    const token = await license(issuer, { lid: '7' });
    const report = async () => {
      const headers = { Authorization: `Bearer ${token}` };
      const body = '{"instance":"x","usage":{"days":[]}}';
      return (await fetch(`${issuer.url}/v1/licenses/renew`, { method: 'POST', headers, body })).status;
    };
    expect(await report()).toBe(200);
    expect((await order(issuer, 'GET', '/reports')).body).toEqual([{ lid: '7', usage: { days: [] } }]);
    expect((await order(issuer, 'POST', '/reports', { manner: 'refuse' })).status).toBe(200);
    expect(await report()).toBe(400);
    expect((await order(issuer, 'POST', '/reports', { manner: 'dance' })).status).toBe(400);
  });

  it('keeps renewals waiting, and heals, when it is told to', async () => {
    const issuer = await start();
    await order(issuer, 'POST', '/hold');
    let answered = false;
    const call = renew(issuer, await license(issuer)).then(() => (answered = true));
    await new Promise((go) => setTimeout(go, 200));
    expect(answered).toBe(false);
    await order(issuer, 'POST', '/release');
    expect(await call).toBe(true);
    await order(issuer, 'POST', '/fault', { name: 'refuses with a bare 402' });
    await order(issuer, 'DELETE', '/fault');
    expect((await renew(issuer, await license(issuer))).status).toBe(200);
  });

  it('meets requests with faults by chance: the same ones for the same seed', async () => {
    const met = async (seed: string) => {
      const issuer = await start('--random', '--seed', seed, '--share', '0.5');
      expect(issuer.seed).toBe(Number(seed));
      const token = await license(issuer);
      for (let count = 0; count < 20; count += 1) {
        await renewBriefly(issuer.url, token);
      }
      const log = (await order(issuer, 'GET', '/log')).body as { event: string; fault?: string }[];
      return log.filter(({ event }) => event === 'request').map(({ fault }) => fault ?? '');
    };
    const first = await met('7');
    expect(first).toHaveLength(20);
    expect(first.filter((name) => name !== '').length).toBeGreaterThanOrEqual(3);
    expect(first.filter((name) => name === '').length).toBeGreaterThanOrEqual(3);
    expect(await met('7')).toEqual(first);
    expect(await met('8')).not.toEqual(first);
  });

  it('is another issuer at each start', async () => {
    const [first, second] = [await start(), await start()];
    const token = await license(first);
    await expect(authenticateLicenseToken(token, await keySet(first))).resolves.toBeDefined();
    await expect(authenticateLicenseToken(token, await keySet(second))).rejects.toThrow();
  });

  it('goes on with the same keys and the same tokens after a kill, where it is told so', async () => {
    const state = ['--state', join(directory, 'state'), '--log', join(directory, 'log')];
    const before = await start(...state);
    const token = await license(before);
    const given = await renewed(before, token, 'attempt-1');
    before.child.kill('SIGKILL');
    await once(before.child, 'exit');
    const after = await start(...state);
    await expect(authenticateLicenseToken(given, await keySet(after))).resolves.toBeDefined();
    expect(await renewed(after, token, 'attempt-1')).toBe(given);
    expect(await renewed(after, token, 'attempt-2')).not.toBe(given);
    const lines = (await readFile(join(directory, 'log'), 'utf8')).trim().split('\n');
    const entries = lines.map(
      (line) => JSON.parse(line) as { event: string; attempt?: string; token?: string },
    );
    expect(entries.map(({ event }) => event)).toEqual([
      'started',
      'request',
      'issued',
      'started',
      'request',
      'request',
      'request',
      'issued',
    ]);
    expect(entries[2]).toMatchObject({ event: 'issued', attempt: 'attempt-1', token: given });
  });

  it('gives tokens of the present moment, each newer than the last, where they are to last for a time', async () => {
    const issuer = await start('--lifetime', '60');
    const first = await license(issuer, { lid: '7' });
    const claims = [];
    for (let count = 1; count <= 3; count += 1) {
      const token = await renewed(issuer, first, `attempt-${count}`);
      claims.push((await authenticateLicenseToken(token, await keySet(issuer))).claims);
    }
    const now = Date.now() / 1000;
    for (const { iat, exp } of claims) {
      expect(Math.abs(iat - now)).toBeLessThanOrEqual(10);
      expect(exp).toBe(iat + 60);
    }
    expect(new Set(claims.map(({ iat }) => iat)).size).toBe(3);
    const statuses = new Set<number>();
    for (let count = 4; count <= 14; count += 1)
      statuses.add((await renew(issuer, first, `attempt-${count}`)).status);
    expect([...statuses].at(-1)).toBe(409);
  });

  it('speaks TLS by a certificate of the authority that it writes to a file', async () => {
    const path = join(directory, 'ca.pem');
    const issuer = await start('--tls', '--ca-file', path);
    const ca = await readFile(path, 'utf8');
    const call = async (options: object) =>
      new Promise((resolve) => {
        get(`${issuer.url}${KEYS}`, options, (response) => resolve(response.statusCode)).on(
          'error',
          (error) => resolve((error as NodeJS.ErrnoException).code),
        );
      });
    expect(issuer.url).toMatch(/^https:\/\/localhost:/);
    expect(await call({ ca })).toBe(200);
    expect(await call({})).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    await order(issuer, 'POST', '/fault', { name: 'shows a certificate that has expired' });
    expect(await call({ ca })).toBe('CERT_HAS_EXPIRED');
    await order(issuer, 'POST', '/fault', { name: 'shows a certificate of another name' });
    expect(await call({ ca })).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  });
});
