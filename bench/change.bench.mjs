// What a change of a service account costs each replica, with many accounts and tokens.
//
//   npm run bench:change                   1,000 accounts with 100 tokens each, 20 changes of each kind
//   npm run bench:change -- 100 10 5       100 accounts, 10 tokens each, 5 changes
//   DATABASE_URL=postgres://… npm run bench:change     two replicas on an empty database; else one, embedded
//
// Runs the built service. Prints for each kind of change and each replica how long its event loop was stopped at most
// until the change was read, and the processor time. "no change" is as much time without one.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DataSource } from 'typeorm';
import { database as readAddress } from '../dist/config/setting.js';
import { dataSourceOptions } from '../dist/database/data-source-options.js';
import { applyMigrations } from '../dist/database/migrate.js';
import { SERVICE_SCHEMA } from '../dist/schema/service-schema.js';

const TOKEN = 'bench-token-0123456789-0123456789-0123456789';
const READER = 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE';
/** Other replicas ask the database every 500 ms. */
const UNTIL_READ_MS = 800;
/** Of `/proc/<pid>/stat`. */
const TICKS_PER_SECOND = 100;
const [accounts = 1_000, tokens = 100, changes = 20] = process.argv.slice(2).map(Number);
const root = mkdtempSync(join(tmpdir(), 'licentia-bench-'));
const address = process.env.DATABASE_URL ?? `pglite://${join(root, 'database')}`;
const isEmbedded = address.startsWith('pglite:');
const replicas = [];
const ROLES = `/api/access-control/users/1/roles`;

try {
  await fill();
  for (let count = isEmbedded ? 1 : 2; count > 0; count -= 1) replicas.push(await start());
  console.log(
    `node ${process.version}, ${isEmbedded ? 'embedded' : 'PostgreSQL'}, ${accounts} accounts with ${tokens} tokens each`,
  );
  await report('no change', () => undefined);
  await report('role', (index) =>
    index % 2 === 0 ? call('POST', ROLES, { roleUid: READER }) : call('DELETE', `${ROLES}/${READER}`),
  );
  await report('disable', (index) =>
    call('PATCH', '/api/serviceaccounts/1', { isDisabled: index % 2 === 0 }),
  );
  await report('token', (index) => call('POST', '/api/serviceaccounts/1/tokens', { name: `bench ${index}` }));
  if (!isEmbedded)
    await report('everything', () => query('UPDATE snapshot_version SET version = version + 1'));
} finally {
  for (const { child } of replicas) child.kill();
  await Promise.all(replicas.map(({ ended }) => ended));
  rmSync(root, { recursive: true, force: true });
}

async function report(name, change) {
  const costs = replicas.map(() => []);
  await sleep(UNTIL_READ_MS);
  for (let index = 0; index < changes; index += 1) {
    for (const replica of replicas) await delayOf(replica);
    const before = replicas.map(processorTime);
    await change(index);
    await sleep(UNTIL_READ_MS);
    for (const [at, replica] of replicas.entries()) {
      costs[at].push({ delay: await delayOf(replica), time: processorTime(replica) - before[at] });
    }
  }
  for (const [at, cost] of costs.entries()) {
    const delays = cost.map(({ delay }) => delay);
    const times = cost.map(({ time }) => time);
    console.log(
      `${name}, replica ${at + 1}: event loop stopped for ${median(delays)} ms (median), ` +
        `${Math.round(Math.max(...delays))} ms (worst); processor ${median(times)} ms`,
    );
  }
}

/** As SQL, as 100,000 requests would take too long. */
async function fill() {
  const dataSource = await open();
  await applyMigrations(dataSource);
  await dataSource.query(
    `INSERT INTO service_account (name, login, role, is_disabled, created_at, updated_at)
     SELECT 'robot ' || n, 'robot-' || n, 'None', false, now(), now() FROM generate_series(1, $1::int) AS n`,
    [accounts],
  );
  await dataSource.query(
    `INSERT INTO role_assignment (service_account_id, role_uid, created_at)
     SELECT id, $1, now() FROM service_account WHERE id > 1`,
    [READER],
  );
  for (let first = 1; first <= accounts; first += 50) {
    await dataSource.query(
      `INSERT INTO service_account_token
         (service_account_id, name, hash, created, expires_at, last_used_at, is_revoked, ceiling)
       SELECT id, 'token ' || n, translate(encode(sha256((id || ' ' || n)::bytea), 'base64'), '+/=', '-_'),
         now(), NULL, NULL, false, ARRAY['*']
       FROM service_account, generate_series(1, $1::int) AS n WHERE id BETWEEN $2 AND $2::int + 49`,
      [tokens, first],
    );
  }
  await dataSource.destroy();
}

function open() {
  return new DataSource(dataSourceOptions(readAddress.parse(address), SERVICE_SCHEMA)).initialize();
}

async function query(sql) {
  const dataSource = await open();
  await dataSource.query(sql);
  await dataSource.destroy();
}

async function start() {
  const child = fork(fileURLToPath(new URL('../dist/main.js', import.meta.url)), {
    execArgv: ['--import', new URL('event-loop-delay.mjs', import.meta.url).href],
    env: {
      PATH: process.env.PATH,
      PORT: '0',
      BOOTSTRAP_TOKEN: TOKEN,
      DATABASE_URL: address,
      AUTO_REFRESH_LICENSE: 'false',
      RATE_LIMIT_WRITES_PER_MINUTE: '1000000',
      MAX_TOKENS_PER_ACCOUNT: '1000',
    },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  let output = '';
  const url = await new Promise((resolve, reject) => {
    child.stdout.on('data', (bytes) => {
      output += bytes;
      const found = /"url":"([^"]+)"/.exec(output)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once('exit', () => reject(new Error(`it ended before it listened: ${output}`)));
  });
  return { child, url, ended };
}

async function call(method, path, body) {
  const response = await fetch(`${replicas[0].url}${path}`, {
    method,
    headers: { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
}

async function delayOf({ child }) {
  child.send('delay');
  const [{ delay }] = await once(child, 'message');
  return delay;
}

/** Milliseconds, of all threads. */
function processorTime({ child }) {
  const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / TICKS_PER_SECOND;
}

function median(values) {
  return Math.round(values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]);
}
