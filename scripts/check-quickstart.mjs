// Starts the built quickstart in an empty directory, as a person would, and does what it says: runs its
// lines, kills it, starts it again, and looks whether everything is still there. Ends with 1 when something is not.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const QUICKSTART = fileURLToPath(new URL('../dist/quickstart.js', import.meta.url));
const COMMAND = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const MAX_START_MS = 90_000;
const directory = mkdtempSync(join(tmpdir(), 'licentia-quickstart-'));
const port = await freePort();
let running;

try {
  const first = await start();
  const token = /licsa_\w+/.exec(first)?.[0];
  assert.ok(token, 'the first start shows a token');
  assert.match(first, /This creates two databases first/);
  const settings = linesOf(first, 'export ');
  const shown = linesOf(first, 'npx licentia ');
  assert.deepEqual(
    shown,
    ['check', 'explain', 'renew', 'issuer list'].map((line) => `npx licentia ${line}`),
  );
  const before = tokenId(settings);
  const [check, explanation, renewed, licenses] = shown.map((line) => paste(settings, line));
  assert.equal(check, 'true\n');
  assert.match(explanation, /^check\tat\t[^]*\ncheck\tstatus\tvalid\n/);
  assert.match(renewed, /^status\tvalid\n/);
  assert.match(licenses, /^\S+\tactive\tLicentia demo\t/);
  const after = tokenId(settings);
  assert.notEqual(after, before, 'the renewal gave a new token');
  assert.equal(statSync(join(directory, 'data/issuer-admin-token')).mode & 0o777, 0o600);
  assert.ok(!first.includes(readFileSync(join(directory, 'data/issuer-admin-token'), 'utf8').trim()));

  await end('SIGKILL');
  const second = await start();
  assert.ok(!second.includes('licsa_'), 'the token is shown once');
  assert.doesNotMatch(second, /creates/, 'the second start creates nothing');
  assert.equal(paste(settings, shown[0]), 'true\n');
  assert.equal(tokenId(settings), after, 'the renewed token survived the kill');
  assert.match(paste(settings, shown[3]), /\tactive\t/);

  const started = performance.now();
  assert.equal(await end('SIGTERM'), 0);
  assert.ok(performance.now() - started < 10_000, 'it ends within ten seconds');
  const third = await start('--new-token');
  assert.match(third, /licsa_\w+/);
  assert.equal(paste(linesOf(third, 'export '), shown[0]), 'true\n');
  console.log('The quickstart did what it said.');
} finally {
  await end('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
}

function linesOf(output, begin) {
  return output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith(begin));
}

function tokenId(settings) {
  return JSON.parse(paste(settings, 'npx licentia show --json')).jti;
}

/** Runs a line that was shown, after the lines with its settings. */
function paste(settings, line) {
  const command = line.replace('npx licentia', `"${process.execPath}" "${COMMAND}"`);
  return execFileSync('sh', ['-ec', [...settings, command].join('\n')], {
    encoding: 'utf8',
    cwd: directory,
    // With a proxy in the environment that cannot be reached: a person behind one pastes the same lines.
    env: { PATH: process.env.PATH, HOME: directory, http_proxy: 'http://127.0.0.1:9', no_proxy: '' },
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
