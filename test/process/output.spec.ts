import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { copyDatabases } from '../support/database.js';
import { BOOTSTRAP_TOKEN } from '../support/service.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const ISSUER_SERVER = fileURLToPath(new URL('../../dist/issuer-server/main.js', import.meta.url));
const LICENTIA = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const QUICKSTART = fileURLToPath(new URL('../../dist/quickstart.js', import.meta.url));

type Stream = 'stdout' | 'stderr';
/** What becomes of a stream: a full disk, a reader that stands still, none at all. */
type Fault = 'full' | 'stalled' | 'closed';

/** Longest time that an end may take, milliseconds. */
const END_MS = 10_000;

describe('Output that cannot be written', () => {
  let directory: string;
  let pipes = 0;
  const descriptors: number[] = [];
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'licentia-output-'));
    // Where the programs look for their databases unless they are told otherwise.
    copyDatabases(directory);
  });

  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    for (const descriptor of descriptors.splice(0)) closeSync(descriptor);
  });

  afterAll(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  /** A pipe that is full; nobody reads. */
  function fullPipe(): { readonly read: number; readonly write: number } {
    const path = join(directory, `pipe-${(pipes += 1)}`);
    execFileSync('mkfifo', [path]);
    const read = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    const write = openSync(path, constants.O_WRONLY);
    descriptors.push(read, write);
    try {
      for (;;) writeSync(read, 'x'.repeat(4096));
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe('EAGAIN');
    }
    return { read, write };
  }

  function run(
    program: string,
    args: readonly string[],
    faults: Partial<Record<Stream, Fault>>,
    environment: Readonly<Record<string, string>> = {},
  ) {
    const said = { stdout: '', stderr: '' };
    const pipe = Object.values(faults).includes('stalled') ? fullPipe() : undefined;
    const target = (stream: Stream) => (faults[stream] === 'stalled' ? (pipe?.write ?? 'ignore') : 'pipe');
    const shell = (['stdout', 'stderr'] as const)
      .map((stream, index) => {
        if (faults[stream] === 'closed') return `${index + 1}>&-`;
        return faults[stream] === 'full' ? `${index + 1}>/dev/full` : '';
      })
      .join(' ');
    const child = spawn('sh', ['-c', `exec "$0" "$@" ${shell}`, process.execPath, program, ...args], {
      cwd: directory,
      env: { PATH: process.env.PATH, BOOTSTRAP_TOKEN, ...environment },
      stdio: ['ignore', target('stdout'), target('stderr')],
    });
    children.push(child);
    child.stdout?.on('data', (bytes: Buffer) => (said.stdout += String(bytes)));
    child.stderr?.on('data', (bytes: Buffer) => (said.stderr += String(bytes)));
    return { child, said, pipe, ended: once(child, 'close') };
  }

  async function answering(url: string, child: ChildProcess): Promise<void> {
    for (;;) {
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
      const answer = await get(url).catch(() => undefined);
      if (answer?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  const get = async (url: string) =>
    fetch(url, {
      headers: { Authorization: `Bearer ${BOOTSTRAP_TOKEN}`, Connection: 'close' },
      signal: AbortSignal.timeout(30_000),
    });

  it.each<[string, string, Partial<Record<Stream, Fault>>, string]>([
    ['the service', MAIN, { stdout: 'full', stderr: 'full' }, '/api/licensing/check'],
    ['the service', MAIN, { stdout: 'stalled', stderr: 'stalled' }, '/api/licensing/check'],
    ['the service', MAIN, { stdout: 'closed', stderr: 'stalled' }, '/api/licensing/check'],
    ['the issuer', ISSUER_SERVER, { stdout: 'stalled', stderr: 'full' }, '/.well-known/jwks.json'],
    ['the quickstart', QUICKSTART, { stdout: 'full', stderr: 'full' }, '/api/licensing/check'],
  ])('keeps %s (%s, %j) from neither answering nor ending', async (_, program, faults, path) => {
    const port = await freePort();
    const { child, ended } = run(program, [], faults, { PORT: String(port), LOG_LEVEL: 'info' });
    const url = `http://127.0.0.1:${port}`;
    await answering(`${url}${path}`, child);
    const refused = await Promise.all(Array.from({ length: 20 }, () => get(`${url}/nothing-of-ours`)));
    expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([404]));
    const metrics = await (await get(`${url}/metrics`)).text();
    const lost = Number(/^licentia_log_lines_lost_total\{stream="stdout"\} (\d+)$/m.exec(metrics)?.[1]);
    if (faults.stdout === 'full') expect(lost).toBeGreaterThanOrEqual(20);
    else expect(lost).toBe(0);
    const asked = performance.now();
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect(performance.now() - asked).toBeLessThan(END_MS);
  });

  it.each<[string[], string, Partial<Record<Stream, Fault>>, number, RegExp]>([
    [['--check-config'], MAIN, { stdout: 'full', stderr: 'full' }, 74, /^$/],
    [['--help'], QUICKSTART, { stdout: 'full' }, 74, /^Standard output could not be written: ENOSPC/],
    [['--help'], LICENTIA, { stdout: 'full' }, 74, /^Standard output could not be written: ENOSPC/],
    [['check', '--help'], LICENTIA, { stdout: 'full', stderr: 'full' }, 74, /^$/],
    [['--nonsense'], MAIN, { stderr: 'full' }, 2, /^$/],
    [['--nonsense'], MAIN, { stderr: 'stalled' }, 2, /^$/],
    [['--nonsense'], LICENTIA, { stderr: 'stalled' }, 64, /^$/],
    [['check'], LICENTIA, { stderr: 'stalled' }, 2, /^$/],
  ])('makes %j of %s (%j) end with %d %s', async (args, program, faults, code, message) => {
    const { said, ended } = run(program, args, faults);
    expect(await ended).toEqual([code, null]);
    expect(said.stderr).toMatch(message);
  });

  it('lets no token get lost without a word: what cannot be taken is not issued, or said to be lost', async () => {
    const issue = (lid: string) => ['issuer', 'issue', '--sub', 'http://localhost:3000/', '--lid', lid];
    const closed = run(LICENTIA, issue('closed'), { stdout: 'closed' });
    expect(await closed.ended).toEqual([64, null]);
    expect(closed.said.stderr).toMatch(/^licentia: Standard output is closed: nothing was done/);
    const full = run(LICENTIA, issue('full'), { stdout: 'full' });
    expect(await full.ended).toEqual([74, null]);
    expect(full.said.stderr).toMatch(
      /^Standard output could not be written: ENOSPC.*\nIssued: license full /,
    );
    const fine = run(LICENTIA, issue('fine'), { stderr: 'full' });
    expect(await fine.ended).toEqual([0, null]);
    expect(fine.said.stdout).toMatch(/^ey[\w.-]+\n$/);
    const listed = run(LICENTIA, ['issuer', 'list', '--json'], {});
    expect(await listed.ended).toEqual([0, null]);
    const licenses = JSON.parse(listed.said.stdout) as { lid: string }[];
    const issued = ['closed', 'fine', 'full'].filter((lid) =>
      licenses.some((license) => license.lid === lid),
    );
    expect(issued).toEqual(['fine', 'full']);
  });

  it('makes a command wait for the reader of its result, as in any pipeline', async () => {
    const { child, pipe, ended } = run(MAIN, ['--help'], { stdout: 'stalled' });
    const read = Buffer.alloc(1024 * 1024);
    // All that is in the pipe before: afterwards there is room.
    while (!cpuStands(child)) await new Promise((resolve) => setTimeout(resolve, 200));
    expect(child.exitCode).toBeNull();
    readSync(pipe?.read ?? -1, read);
    expect(await ended).toEqual([0, null]);
    expect(read.toString('utf8', 0, readSync(pipe?.read ?? -1, read))).toContain('licentia');
  });

  const seen = new Map<number, string>();
  /** Whether a process did nothing since it was looked at last, and had begun its work. */
  function cpuStands({ pid = 0 }: ChildProcess): boolean {
    const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ');
    const used = rest.split(' ').slice(11, 13).join();
    const stands =
      seen.get(pid) === used && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('main.js');
    seen.set(pid, used);
    return stands && Number(used.split(',')[0]) > 10;
  }
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
