// How fast are `seen`, `admit` and `GET /api/licensing/usage` beside many subjects, and what do they cost the check?
//
//   npm run bench:usage                            10,000 subjects, 3 s for each call, embedded
//   npm run bench:usage -- 10000,100000,1000000 10   three sizes, 10 s for each call
//   npm run bench:usage -- --plan                  the plan of the query that counts, and nothing else
//   npm run bench:usage -- --full-buffer           how long a full buffer of reports takes to be written, and nothing else
//   DATABASE_URL=postgres://… npm run bench:usage  on an empty database of PostgreSQL: its tables of usage are emptied
//
// Runs the built service with a license of more seats than there are people. Half of the subjects were seen last in the 30
// days before, the others in the 13 months before. Prints calls a second, and p50 and p99 in milliseconds: as many calls as go,
// eight at a time, and 20 a second, which shows how long one takes that does not wait for others.
import { spawn } from 'node:child_process';
import { createHash, createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DataSource } from 'typeorm';
import { COMMIT } from '../dist/config/build-info.js';
import { loadServiceConfig } from '../dist/config/service-config.js';
import { database as readAddress } from '../dist/config/setting.js';
import { dataSourceOptions } from '../dist/database/data-source-options.js';
import { applyMigrations } from '../dist/database/migrate.js';
import { createLogger } from '../dist/http/logger.js';
import { SERVICE_SCHEMA } from '../dist/schema/service-schema.js';
import { startService } from '../dist/service.js';
import { MAX_WAITING, SeenBuffer } from '../dist/usage/subjects/seen-buffer.js';
import { SubjectHasher } from '../dist/usage/subjects/subject-hasher.js';
import { UsageSubjectStore } from '../dist/usage/subjects/usage-subject.store.js';

const TOKEN = 'bench-token-0123456789-0123456789-0123456789';
const HASH_KEY = 'bench-key-0123456789-0123456789-0123456789';
const ISSUER = 'https://issuer.example.com/';
/** Requests at a time: as a product of several processes. */
const AT_A_TIME = 8;
const BATCH = 1_000;
/** Calls a second, where not as many as go. */
const PACE = 20;

const args = process.argv.slice(2);
if (args.includes('--help')) {
  console.log(
    'npm run bench:usage -- [sizes, with commas] [seconds] [--plan | --full-buffer]; the file begins with more',
  );
  process.exit();
}
const isPlan = args.includes('--plan');
const isFull = args.includes('--full-buffer');
const [sizes = '10000', seconds = '3'] = args.filter((one) => !one.startsWith('--'));
const root = mkdtempSync(join(tmpdir(), 'licentia-bench-'));
const { jwks, license } = makeLicense();
const jwksPath = join(root, 'jwks.json');
writeFileSync(jwksPath, JSON.stringify(jwks));

try {
  const processor = cpus()[0]?.model.trim() ?? 'unknown';
  console.log(`${availableParallelism()} cores (${processor}), load ${loadavg()[0].toFixed(1)}`);
  for (const size of sizes.split(',').map(Number)) {
    const address = process.env.DATABASE_URL ?? `pglite://${join(root, `database-${size}`)}`;
    const name = address.startsWith('pglite:') ? 'embedded' : 'PostgreSQL';
    await onDatabase(address, async (source) => {
      await fill(source, size);
      if (isPlan) await printPlan(source, size);
    });
    if (isFull) await writeFullBuffer(address, size, name);
    else if (!isPlan) await measure(address, size, name);
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}

async function measure(address, size, name) {
  const service = await start(address);
  try {
    console.log(`node ${process.version}, ${name}, ${size} subjects, commit ${COMMIT}`);
    let next = 0;
    await report('GET usage', 1, () => call(service, 'GET', ''));
    const known = () =>
      call(service, 'POST', '/admit', { subject: `user ${Math.floor(Math.random() * size)}` });
    const fresh = () => call(service, 'POST', '/admit', { subject: `new ${(next += 1)}` });
    await report('admit, known', AT_A_TIME, known);
    await report('admit, new', AT_A_TIME, fresh);
    await pace('admit, known', known);
    await pace('admit, new', fresh);
    const check = () => ask(service, 'GET', '/api/licensing/check');
    const alone = await report('check', 1, check);
    const [beside] = await Promise.all([
      report('check, beside admissions', 1, check),
      pace('admit, new', fresh),
    ]);
    console.log(`check: ${(beside / alone).toFixed(2)} of its rate beside ${PACE} admissions a second`);
    const before = await stored(service);
    const began = performance.now();
    let reported = 0;
    await report('seen, 1,000 new each', 2, () => {
      const events = Array.from({ length: BATCH }, () => ({ subject: `seen ${(reported += 1)}` }));
      return callUntilRoom(service, events);
    });
    while ((await stored(service)) < before + reported) await new Promise((go) => setTimeout(go, 50));
    const took = (performance.now() - began) / 1000;
    console.log(`seen: ${Math.round(reported / took)} events/s until they were written down`);
  } finally {
    service.child.kill();
    await service.ended;
  }
}

/** In this process: requests cannot fill the buffer while it is written. */
async function writeFullBuffer(address, size, name) {
  const config = loadServiceConfig({ ...settings(address), LOG_LEVEL: 'error' });
  const { application } = await startService(config, createLogger('error'));
  const [buffer, hasher] = [application.nest.get(SeenBuffer), application.nest.get(SubjectHasher)];
  const at = Math.floor(Date.now() / 1000);
  const write = async (what, role, later) => {
    buffer.add(
      Array.from({ length: MAX_WAITING }, (_, index) => [
        hasher.hash('user', `buffered ${index}`),
        { role, from: at, at: at + later },
      ]),
    );
    const began = performance.now();
    await buffer.flush();
    const took = ((performance.now() - began) / 1000).toFixed(1);
    console.log(`${name}, ${size} subjects: ${MAX_WAITING} ${what} are written in ${took} s`);
  };
  await write('new subjects', 'viewer', 0);
  await write('new roles', 'editor', 1);
  await application.close();
}

/** Again while the buffer is full, as a product would. */
async function callUntilRoom(service, events) {
  for (;;) {
    const reply = await call(service, 'POST', '/seen', { events }).catch((error) => error);
    if (!(reply instanceof Error)) return reply;
    if (!reply.message.includes('503')) throw reply;
    await new Promise((go) => setTimeout(go, 100));
  }
}

/** Calls again and again. */
async function report(name, atATime, request) {
  const times = [];
  const until = performance.now() + Number(seconds) * 1000;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: atATime }, async () => {
      while (performance.now() < until) {
        const asked = performance.now();
        await request();
        times.push(performance.now() - asked);
      }
    }),
  );
  const rate = Math.round(times.length / ((performance.now() - began) / 1000));
  console.log(`${name}: ${rate} calls/s, ${quantiles(times)}`);
  return rate;
}

/** Calls at a steady pace, whether the calls before have their answer or not. */
async function pace(name, request) {
  const times = [];
  const began = performance.now();
  const timed = async () => {
    const asked = performance.now();
    await request();
    times.push(performance.now() - asked);
  };
  const calls = [];
  for (let sent = 0; sent < PACE * Number(seconds); sent += 1) {
    const wait = began + (sent * 1000) / PACE - performance.now();
    if (wait > 0) await new Promise((go) => setTimeout(go, wait));
    calls.push(timed());
  }
  await Promise.all(calls);
  console.log(`${name}, ${PACE} a second: ${quantiles(times)}`);
}

function quantiles(times) {
  times.sort((a, b) => a - b);
  const quantile = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))].toFixed(1);
  return `p50 ${quantile(0.5)} ms, p99 ${quantile(0.99)} ms`;
}

async function stored(service) {
  return (await call(service, 'GET', '')).used;
}

async function call(service, method, path, body) {
  return ask(service, method, `/api/licensing/usage${path}`, body);
}

async function ask(service, method, path, body) {
  const response = await fetch(`${service.url}${path}`, {
    method,
    headers: { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

async function onDatabase(address, work) {
  const source = await new DataSource(
    dataSourceOptions(readAddress.parse(address), SERVICE_SCHEMA),
  ).initialize();
  await applyMigrations(source);
  await work(source).finally(() => source.destroy());
}

/** As SQL, in the shape that reports leave behind. */
async function fill(source, size) {
  const today = Math.floor(Date.now() / 86_400_000);
  await source.query('TRUNCATE usage_subject, usage_count, usage_denial, usage_day, usage_open_day');
  await source.query('UPDATE usage_state SET started_day = NULL');
  for (let first = 0; first < size; first += 10_000) {
    const count = Math.min(10_000, size - first);
    const subjects = Array.from({ length: count }, (_, index) =>
      createHmac('sha256', HASH_KEY)
        .update(`user\0user ${first + index}`)
        .digest('base64url'),
    );
    await source.query(
      `INSERT INTO usage_subject (subject, role, first_day, last_day, role_at, freed_at)
       SELECT subject, 'viewer', $2::int - 390, $2::int - (CASE WHEN n % 2 = 0 THEN n % 30 ELSE n % 390 END)::int,
         ($2::bigint - 390) * 86400, NULL
       FROM unnest($1::text[]) WITH ORDINALITY AS one (subject, n)`,
      [subjects, today],
    );
  }
  await source.query(
    `INSERT INTO usage_count (day, role, shard, subjects)
     SELECT last_day, role, shard, count(*)
     FROM (SELECT *, abs(hashtext(subject)) % 4 AS shard FROM usage_subject) AS one GROUP BY last_day, role, shard`,
  );
  await source.query('ANALYZE usage_subject, usage_count');
}

/** Of the query that the service itself runs. */
async function printPlan(source, size) {
  const explaining = {
    query: async (sql, parameters) => {
      const rows = await source.query(
        `EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ${sql}`,
        parameters,
      );
      console.log(`${size} subjects`);
      for (const row of rows) console.log(Object.values(row)[0]);
      return [];
    },
  };
  await new UsageSubjectStore().groups(explaining, Math.floor(Date.now() / 86_400_000));
}

function settings(address) {
  return {
    PORT: '0',
    BOOTSTRAP_TOKEN: TOKEN,
    DATABASE_URL: address,
    USAGE_HASH_KEY: HASH_KEY,
    ISSUER_URL: ISSUER,
    ISSUER_JWKS_PATH: jwksPath,
    LICENSE_TEXT: license,
    AUTO_REFRESH_LICENSE: 'false',
  };
}

async function start(address) {
  const child = spawn(process.execPath, [fileURLToPath(new URL('../dist/main.js', import.meta.url))], {
    env: { PATH: process.env.PATH, ...settings(address) },
    stdio: ['ignore', 'pipe', 'inherit'],
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
  return { child, ended, url };
}

/** A license for so many users that none is refused, and so with a limit that each `admit` has to look at. */
function makeLicense() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = publicKey.export({ format: 'jwk' });
  const kid = createHash('sha256').update(jwk.x).digest('base64url');
  const now = Math.floor(Date.now() / 1000);
  const [iat, exp] = [now - 60, now + 86_400];
  const names = { iss: ISSUER, sub: 'http://localhost:3000/', jti: 'bench', lid: 'bench', company: 'Bench' };
  const claims = {
    ...{ ...names, account: 'bench', slug: 'bench', details_url: `${ISSUER}bench`, limit_by: 'users' },
    ...{ iat, nbf: iat, exp, lexp: exp, prod: ['grafana-enterprise'], included_users: 2_000_000_000 },
  };
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const input = `${encode({ alg: 'ES256', kid })}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return {
    jwks: { keys: [{ ...jwk, kid, alg: 'ES256', use: 'sig' }] },
    license: `${input}.${signature.toString('base64url')}`,
  };
}
