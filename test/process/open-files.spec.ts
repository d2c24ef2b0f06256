import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ADMIN_TOKEN = 'ab'.repeat(16);
/** Enough for the program and its embedded database, and for some dozens of connections. */
const OPEN_FILES = 300;

const ROWS = [
  {
    title: 'the service',
    program: 'main',
    path: '/api/access-control/user/permissions',
    authorization: `Basic ${btoa('admin:correct horse battery')}`,
  },
  {
    title: 'the issuer',
    program: 'issuer-server/main',
    path: '/v1/admin/licenses',
    authorization: `Bearer ${ADMIN_TOKEN}`,
  },
];

const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('A process that may open few files', () => {
  let directory: string;
  let child: ChildProcess | undefined;
  let sockets: Socket[] = [];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'licentia-few-files-'));
  });

  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    sockets = [];
    if (child?.exitCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await rm(directory, { recursive: true, force: true });
  });

  async function start(program: string): Promise<string> {
    const main = fileURLToPath(new URL(`../../dist/${program}.js`, import.meta.url));
    child = spawn('sh', ['-c', `ulimit -n ${OPEN_FILES}; exec "$0" "$1"`, process.execPath, main], {
      cwd: directory,
      env: {
        ...{ PATH: process.env.PATH, PORT: '0', HOST: '127.0.0.1', ROOT_URL: 'http://localhost:3000/' },
        ...{ ADMIN_USER: 'admin', ADMIN_PASSWORD: 'correct horse battery' },
        ...{ ISSUER_ADMIN_TOKEN: ADMIN_TOKEN, DATABASE_URL: 'pglite://./data' },
      },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const { stdout } = child;
    if (stdout === null) throw new Error('the process has no output');
    for await (const line of createInterface(stdout)) {
      const { msg, url } = JSON.parse(line) as { msg: string; url?: string };
      if (msg === 'listening' && url !== undefined) {
        stdout.resume();
        return url;
      }
    }
    throw new Error('the process ended before it listened');
  }

  it.each(ROWS)('answers while strangers hold connections to $title', async (row) => {
    const url = await start(row.program);
    for (let opened = 0; opened < 2 * OPEN_FILES; opened += 1) {
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      socket.on('error', () => undefined);
      socket.on('connect', () => socket.write('POST / HTTP/1.1\r\nHost: localhost\r\n'));
      sockets.push(socket);
    }
    await sleep(1_000);
    const statuses = [];
    for (let asked = 0; asked < 10; asked += 1) {
      const headers = { Authorization: row.authorization, Connection: 'close' };
      const answer = await fetch(`${url}${row.path}`, { headers }).catch(() => undefined);
      statuses.push(answer?.status);
    }
    expect(statuses).toEqual(Array(10).fill(200));
  });
});
