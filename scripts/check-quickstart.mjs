// Starts the built quickstart in an empty directory, as a person would, and does what it says: runs its three curl
// lines, kills it, starts it again, and looks whether everything is still there. Ends with 1 when something is not.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const QUICKSTART = fileURLToPath(new URL('../dist/quickstart.js', import.meta.url));
const MAX_START_MS = 90_000;
const directory = mkdtempSync(join(tmpdir(), 'licentia-quickstart-'));
const port = await freePort();
let running;

try {
  const first = await start();
  const token = /licsa_\w+/.exec(first)?.[0];
  assert.ok(token, 'the first start shows a token');
  assert.match(first, /This creates two databases first/);
  const lines = first.split('\n').filter((line) => line.trim().startsWith('curl '));
  assert.equal(lines.length, 3, 'it shows three curl lines');
  const [check, current, renewed] = lines.map((line) => paste(line));
  assert.equal(check, 'true');
  assert.equal(JSON.parse(current).status, 1);
  assert.notEqual(JSON.parse(renewed).jti, JSON.parse(current).jti, 'the renewal gave a new token');

  await end('SIGKILL');
  const second = await start();
  assert.ok(!second.includes('licsa_'), 'the token is shown once');
  assert.doesNotMatch(second, /creates/, 'the second start creates nothing');
  assert.equal(paste(lines[0]), 'true');
  assert.equal(
    JSON.parse(paste(lines[1])).jti,
    JSON.parse(renewed).jti,
    'the renewed token survived the kill',
  );

  const started = performance.now();
  assert.equal(await end('SIGTERM'), 0);
  assert.ok(performance.now() - started < 10_000, 'it ends within ten seconds');
  const third = await start('--new-token');
  assert.match(third, /licsa_\w+/);
  assert.equal(paste(third.split('\n').find((line) => line.trim().startsWith('curl '))), 'true');
  console.log('The quickstart did what it said.');
} finally {
  await end('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
}

function paste(line) {
  // With a proxy in the environment that cannot be reached: a person behind one pastes the same lines.
  return execFileSync('sh', ['-c', line.trim().replace(/^curl /, 'curl --silent --show-error ')], {
    encoding: 'utf8',
    env: { ...process.env, http_proxy: 'http://127.0.0.1:9', no_proxy: '' },
  });
}

async function start(...args) {
  running = spawn(process.execPath, [QUICKSTART, ...args], {
    cwd: directory,
    env: { PATH: process.env.PATH, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [running.stdout, running.stderr]) stream.on('data', (bytes) => (output += bytes));
  const deadline = performance.now() + MAX_START_MS;
  while (!output.includes('Ctrl+C ends it.')) {
    assert.ok(performance.now() < deadline && running.exitCode === null, `it does not start:\n${output}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return output;
}

async function end(signal) {
  if (running === undefined || running.exitCode !== null || running.signalCode !== null) return undefined;
  const exited = once(running, 'exit');
  running.kill(signal);
  const [code] = await exited;
  return code;
}

/** A port that is free, and the one after it too. */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: found } = server.address();
  server.close();
  return found % 2 === 0 ? found : found - 1;
}
