// How fast is `GET /api/licensing/check`, against bare node:http servers? One answers the same body. The others answer the
// same headers too, by `setHeader` and by one `writeHead`. The load comes from `wrk` where it is installed, else from
// autocannon, which is slower than these servers.
//
//   npm run bench            five alternating rounds of five seconds each
//   npm run bench -- 3 2     three rounds of two seconds
//
// The servers are processes of their own, pinned to one core where `taskset` exists; the load comes from the other.
// Prints each round, the medians, the ratio and the service's resident memory when idle. Bounded in time by itself.
import { execFile, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import autocannon from 'autocannon';
import { COMMIT } from '../dist/config/build-info.js';

const TOKEN = 'bench-token-0123456789-0123456789-0123456789';
const [rounds = 5, seconds = 5] = process.argv.slice(2).map(Number);
const pinned = spawnSync('taskset', ['--version']).status === 0 ? ['taskset', '-c', '0'] : [];
const wrk = spawnSync('wrk', ['--version']).error === undefined;
const run = promisify(execFile);
const database = process.env.DATABASE_URL ?? 'pglite://memory';

const OURS = [
  ...['Cache-Control', 'no-store', 'X-Content-Type-Options', 'nosniff', 'X-Frame-Options', 'deny'],
  ...['Content-Type', 'application/json', 'Content-Length', '5'],
];
const HANDLERS = {
  bare: `(request, response) => {
    response.setHeader('Content-Type', 'application/json');
    response.setHeader('Content-Length', 5);
    response.end('false');
  }`,
  'bare, our headers by setHeader': `(request, response) => {
    response.setHeader('X-Request-Id', 'bench-' + (count += 1).toString(36));
    for (let at = 0; at < OURS.length; at += 2) response.setHeader(OURS[at], OURS[at + 1]);
    response.end('false');
  }`,
  'bare, our headers by writeHead': `(request, response) => {
    response.writeHead(200, ['X-Request-Id', 'bench-' + (count += 1).toString(36), ...OURS]);
    response.end('false');
  }`,
};
const bareServer = (handler) => `
  const OURS = ${JSON.stringify(OURS)};
  let count = 0;
  const server = require('node:http').createServer(${handler});
  server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ url: 'http://127.0.0.1:' + server.address().port })));
`;

const servers = [];
for (const [name, handler] of Object.entries(HANDLERS)) {
  const { child, url } = await start([process.execPath, '--eval', bareServer(handler)]);
  servers.push({ name, child, url, rates: [] });
}
const service = await start([process.execPath, fileURLToPath(new URL('../dist/main.js', import.meta.url))], {
  PORT: '0',
  BOOTSTRAP_TOKEN: TOKEN,
  DATABASE_URL: database,
});
servers.push({ name: 'check', child: service.child, url: `${service.url}/api/licensing/check`, rates: [] });

try {
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  console.log(
    `node ${process.version}, ${database.split(':')[0]}, ${pinned.length > 0 ? 'server on one core' : 'not pinned'}`,
  );
  console.log(`resident memory, idle: ${residentMegabytes(service.child.pid)} MB`);
  console.log(`load by ${wrk ? 'wrk' : 'autocannon'}, commit ${COMMIT}`);
  for (const { url } of servers) await measure(url, 2);
  for (let round = 1; round <= rounds; round += 1) {
    for (const { url, rates } of servers) rates.push(await measure(url, seconds));
    console.log(`round ${round}: ${servers.map(({ name, rates }) => `${name} ${rates.at(-1)}`).join('; ')}`);
  }
  const fastest = median(servers[0].rates);
  for (const { name, rates } of servers) {
    const spread = `${Math.min(...rates)} to ${Math.max(...rates)}`;
    console.log(
      `${name}: median ${median(rates)} requests/s (${spread}), ratio ${(median(rates) / fastest).toFixed(2)}`,
    );
  }
} finally {
  for (const { child } of servers) child.kill();
}

/** @returns requests a second */
async function measure(url, duration) {
  return wrk ? measureByWrk(url, duration) : measureByAutocannon(url, duration);
}

async function measureByWrk(url, duration) {
  const header = `Authorization: Bearer ${TOKEN}`;
  const { stdout } = await run('wrk', ['-t1', '-c50', `-d${duration}s`, '-H', header, url]);
  const [, requests] = /(\d+) requests in/.exec(stdout) ?? [];
  if (requests === undefined || /Non-2xx|Socket errors/.test(stdout)) throw new Error(`${url}: ${stdout}`);
  return Math.round(Number(requests) / duration);
}

async function measureByAutocannon(url, duration) {
  const headers = { Authorization: `Bearer ${TOKEN}` };
  const result = await autocannon({ url, duration, connections: 50, headers });
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${url}: ${result.non2xx} refusals, ${result.errors} errors`);
  return Math.round(result.requests.average);
}

function start(command, environment = {}) {
  const [file, ...args] = [...pinned, ...command];
  const child = spawn(file, args, {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    let output = '';
    child.stdout.on('data', (bytes) => {
      output += bytes;
      const line = output
        .split('\n')
        .find((candidate) => candidate.includes('"url"') && candidate.endsWith('}'));
      if (line !== undefined) resolve({ child, url: JSON.parse(line).url });
    });
    child.once('exit', () => reject(new Error(`it ended before it listened: ${output}`)));
  });
}

function residentMegabytes(pid) {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kilobytes) / 1024);
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
