// How fast is `GET /api/licensing/check`, against a bare node:http server that answers the same bytes?
//
//   npm run bench            five alternating rounds of five seconds each
//   npm run bench -- 3 2     three rounds of two seconds
//
// Both servers are processes of their own, pinned to one core where `taskset` exists; the load comes from the other.
// Prints each round, the medians, the ratio and the service's resident memory when idle. Bounded in time by itself.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';

const TOKEN = 'bench-token-0123456789-0123456789-0123456789';
const [rounds = 5, seconds = 5] = process.argv.slice(2).map(Number);
const pinned = spawnSync('taskset', ['--version']).status === 0 ? ['taskset', '-c', '0'] : [];
const database = process.env.DATABASE_URL ?? 'pglite://memory';

const BARE = `
  const { createServer } = require('node:http');
  const server = createServer((request, response) => {
    response.setHeader('Content-Type', 'application/json');
    response.setHeader('Content-Length', 5);
    response.end('false');
  });
  server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ url: 'http://127.0.0.1:' + server.address().port })));
`;

const bare = await start([process.execPath, '--eval', BARE]);
const service = await start([process.execPath, fileURLToPath(new URL('../dist/main.js', import.meta.url))], {
  PORT: '0',
  BOOTSTRAP_TOKEN: TOKEN,
  DATABASE_URL: database,
});

try {
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  console.log(
    `node ${process.version}, ${database.split(':')[0]}, ${pinned.length > 0 ? 'server on one core' : 'not pinned'}`,
  );
  console.log(`resident memory, idle: ${residentMegabytes(service.child.pid)} MB`);
  await measure(bare.url, 1);
  await measure(`${service.url}/api/licensing/check`, 2);

  const results = { bare: [], check: [] };
  for (let round = 1; round <= rounds; round += 1) {
    results.bare.push(await measure(bare.url, seconds));
    results.check.push(await measure(`${service.url}/api/licensing/check`, seconds));
    console.log(
      `round ${round}: bare ${results.bare.at(-1)} requests/s, check ${results.check.at(-1)} requests/s`,
    );
  }
  const [fastest, ours] = [median(results.bare), median(results.check)];
  console.log(
    `median: bare ${fastest} requests/s, check ${ours} requests/s, ratio ${(ours / fastest).toFixed(2)}`,
  );
} finally {
  bare.child.kill();
  service.child.kill();
}

async function measure(url, duration) {
  const result = await autocannon({
    url,
    duration,
    connections: 50,
    headers: { Authorization: `Bearer ${TOKEN}` },
  });
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
