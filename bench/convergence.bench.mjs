// How soon is a change on one replica answered by another one? On PostgreSQL, where replicas can be.
//
//   DATABASE_URL=postgres://… npm run bench:convergence            200 changes of each kind
//   DATABASE_URL=postgres://… npm run bench:convergence -- 50      fewer
//
// DATABASE_URL names an empty database. Prints the median, the 95th percentile and the longest of each kind, and what an
// idle replica costs: its processor time. Through a pooler it measures what replicas do without notifications.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { generateKeyPair, exportJWK, SignJWT } from 'jose';
import { createServer } from 'node:http';

const TOKEN = 'bench-token-0123456789-0123456789-0123456789';
const READER = 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE';
const CHECK = '/api/licensing/check';
const IDLE_SECONDS = 10;
const TICKS_PER_SECOND = 100;
const [changes = 200] = process.argv.slice(2).map(Number);

const { publicKey, privateKey } = await generateKeyPair('ES256');
const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: 'bench', alg: 'ES256', use: 'sig' }] };
const issuer = createServer((_request, response) => response.end(JSON.stringify(keys))).listen(
  0,
  '127.0.0.1',
);
await new Promise((resolve) => issuer.once('listening', resolve));
const first = await start();
const second = await start();

try {
  await waitFor(() => asks(second, CHECK, TOKEN), 200);
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const before = processorSeconds(second.child.pid);
  await new Promise((resolve) => setTimeout(resolve, IDLE_SECONDS * 1_000));
  const used = (processorSeconds(second.child.pid) - before) / IDLE_SECONDS;
  console.log(
    `node ${process.version}; an idle replica uses ${(used * 1_000).toFixed(1)} ms of a core a second`,
  );
  await report('install', installAndRemove);
  await report('revoke', revoke);
} finally {
  first.child.kill();
  second.child.kill();
  issuer.close();
}

/** @returns how long the other replica took to answer each change, milliseconds */
async function installAndRemove() {
  const times = [];
  for (let at = 0; at < changes / 2; at += 1) {
    const now = Math.floor(Date.now() / 1_000);
    const token = await new SignJWT({
      ...{ iss: issuerUrl(), sub: 'http://localhost:3000/', jti: `j${at}`, lid: `l${at}` },
      ...{ iat: now, exp: now + 3_600, lexp: now + 7_200, prod: ['grafana-enterprise'] },
    })
      .setProtectedHeader({ alg: 'ES256', kid: 'bench' })
      .sign(privateKey);
    await change(first, 'POST', '/api/licensing/token', { token });
    times.push(await waitFor(async () => (await (await get(second, CHECK, TOKEN)).text()) === 'true', true));
    await change(first, 'DELETE', '/api/licensing/token', { instance: 'http://localhost:3000/' });
    times.push(await waitFor(async () => (await (await get(second, CHECK, TOKEN)).text()) === 'false', true));
  }
  return times;
}

async function revoke() {
  const times = [];
  const account = await change(first, 'POST', '/api/serviceaccounts', { name: `bench ${Date.now()}` });
  await change(first, 'POST', `/api/access-control/users/${account.id}/roles`, { roleUid: READER });
  const path = `/api/serviceaccounts/${account.id}/tokens`;
  for (let at = 0; at < changes; at += 1) {
    const { id, key } = await change(first, 'POST', path, { name: `t${at}` });
    await waitFor(() => asks(second, CHECK, key), 200);
    await change(first, 'PATCH', `${path}/${id}`, { isRevoked: true });
    times.push(await waitFor(() => asks(second, CHECK, key), 401));
    // An account has a limited number of them.
    await change(first, 'DELETE', `${path}/${id}`);
  }
  return times;
}

async function report(kind, work) {
  const times = (await work()).toSorted((a, b) => a - b);
  const at = (part) => times[Math.min(times.length - 1, Math.floor(times.length * part))].toFixed(0);
  console.log(
    `${kind}: ${times.length} changes, median ${at(0.5)} ms, p95 ${at(0.95)} ms, longest ${at(1)} ms`,
  );
}

async function waitFor(question, answer) {
  const begun = performance.now();
  while ((await question()) !== answer) {
    if (performance.now() - begun > 30_000) throw new Error('the other replica does not answer the change');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return performance.now() - begun;
}

async function asks(replica, path, token) {
  const response = await get(replica, path, token);
  await response.text();
  return response.status;
}

function get(replica, path, token) {
  return fetch(`${replica.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
}

async function change(replica, method, path, body) {
  const response = await fetch(`${replica.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text);
}

function issuerUrl() {
  return `http://127.0.0.1:${issuer.address().port}`;
}

function start() {
  const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
  const child = spawn(process.execPath, [main], {
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: process.env.DATABASE_URL,
      PORT: '0',
      BOOTSTRAP_TOKEN: TOKEN,
      ISSUER_ID: issuerUrl(),
      ISSUER_URL: issuerUrl(),
      ISSUER_ALLOW_INSECURE_HTTP: 'true',
      AUTO_REFRESH_LICENSE: 'false',
      RATE_LIMIT_WRITES_PER_MINUTE: '100000',
    },
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

function processorSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
