// What a flood costs: memory, and whether `GET /api/licensing/check` of a known caller is still answered.
//
//   npm run bench:overload          eight seconds for each kind of flood
//   npm run bench:overload -- 3     three seconds
//
// The built service runs as a process of its own with its default limits. Beside each flood one caller checks over a
// connection that he keeps, and one over a new connection each time. Prints what they got and the resident memory.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';

const TOKEN = 'bench-token-0123456789-0123456789-0123456789';
const [seconds = 8] = process.argv.slice(2).map(Number);
const child = spawn(process.execPath, [fileURLToPath(new URL('../dist/main.js', import.meta.url))], {
  env: {
    PATH: process.env.PATH,
    PORT: '0',
    BOOTSTRAP_TOKEN: TOKEN,
    DATABASE_URL: process.env.DATABASE_URL ?? 'pglite://memory',
    LOG_LEVEL: 'info',
  },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const url = await listening();
const port = Number(new URL(url).port);
let counter = 0;

const FLOODS = {
  'nothing else': async () => new Promise((resolve) => setTimeout(resolve, 50)),
  '20 clients with a new wrong token each time': async () =>
    Promise.all(Array.from({ length: 20 }, () => ask({ token: wrongToken() }))),
  '20 writes at a time of one caller': async () =>
    Promise.all(
      Array.from({ length: 20 }, () => ask({ method: 'POST', path: '/api/licensing/token', body: '{}' })),
    ),
  '200 connections at a time that say nothing': async () => {
    const sockets = Array.from({ length: 200 }, () =>
      connect(port, '127.0.0.1').on('error', () => undefined),
    );
    silent.push(...sockets);
    for (const socket of silent.splice(0, Math.max(0, silent.length - 2_000))) socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
  },
  '100 bodies that come byte by byte': async () => {
    while (slow.length < 100) slow.push(slowBody());
    for (const socket of slow) if (socket.writable) socket.write(' ');
    for (const [at, socket] of slow.entries()) if (socket.destroyed) slow[at] = slowBody();
    await new Promise((resolve) => setTimeout(resolve, 50));
  },
};
const silent = [];
const slow = [];

try {
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  console.log(`node ${process.version}, ${seconds} s each, limits as by default`);
  for (const [name, flood] of Object.entries(FLOODS)) {
    const end = performance.now() + seconds * 1_000;
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const [kept, fresh] = [{}, {}];
    let largest = 0;
    await Promise.all([
      repeat(end, flood),
      repeat(end, async () => count(kept, await ask({ agent }))),
      repeat(end, async () => count(fresh, await ask({}))),
      repeat(end, async () => {
        largest = Math.max(largest, residentMegabytes());
        await new Promise((resolve) => setTimeout(resolve, 100));
      }),
    ]);
    agent.destroy();
    for (const socket of [...silent.splice(0), ...slow.splice(0)]) socket.destroy();
    console.log(
      `${name}: checks over a kept connection ${JSON.stringify(kept)}, over new ones ${JSON.stringify(fresh)}, at most ${largest} MB`,
    );
  }
} finally {
  child.kill();
}

async function repeat(end, work) {
  while (performance.now() < end) await work();
}

function count(outcomes, outcome) {
  outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
}

/** @returns the status, or the error's code */
function ask({ method = 'GET', path = '/api/licensing/check', token = TOKEN, body, agent = false }) {
  const headers = { Authorization: `Bearer ${token}` };
  if (body !== undefined)
    Object.assign(headers, { 'Content-Type': 'application/json', 'Content-Length': body.length });
  return new Promise((resolve) => {
    request({ host: '127.0.0.1', port, method, path, headers, agent }, (response) => {
      response.resume().on('close', () => resolve(response.statusCode));
    })
      .on('error', (error) => resolve(error.code))
      .end(body);
  });
}

/** Of the right shape, so that only the database can tell that it is wrong. */
function wrongToken() {
  counter += 1;
  const random = createHash('sha256').update(`${counter}`).digest('hex').slice(0, 32);
  const text = `licsa_${random}_`;
  return `${text}${crc32(text).toString(16).padStart(8, '0')}`;
}

function slowBody() {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  socket.resume();
  socket.write(
    `POST /api/licensing/token HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\n` +
      'Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n',
  );
  return socket;
}

function listening() {
  return new Promise((resolve, reject) => {
    let output = '';
    child.stdout.on('data', (bytes) => {
      output = `${output}${bytes}`.slice(-10_000);
      const line = output.split('\n').find((text) => text.includes('"listening"') && text.endsWith('}'));
      if (line !== undefined) resolve(JSON.parse(line).url);
    });
    child.once('exit', () => reject(new Error(`it ended before it listened: ${output}`)));
  });
}

function residentMegabytes() {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kilobytes) / 1024);
}
