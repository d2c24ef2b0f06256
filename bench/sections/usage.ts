import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { DataSource } from 'typeorm';
import { loadServiceConfig } from '../../src/config/service-config.js';
import { database as readAddress } from '../../src/config/setting.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { applyMigrations } from '../../src/database/migrate.js';
import { createLogger } from '../../src/http/logger.js';
import { SERVICE_SCHEMA } from '../../src/schema/service-schema.js';
import { startService as startInProcess } from '../../src/service.js';
import { MAX_WAITING, SeenBuffer } from '../../src/usage/subjects/seen-buffer.js';
import { SubjectHasher } from '../../src/usage/subjects/subject-hasher.js';
import { UsageSubjectStore } from '../../src/usage/subjects/usage-subject.store.js';
import { FakeIssuer } from '../../test/support/fake-issuer/fake-issuer.js';
import type { Bench } from '../bench.js';
import { number, quantile } from '../figures.js';
import { issuerSettings, licenseOf } from '../issuer.js';
import { ask, type Program, startService } from '../program.js';
import { seedSubjects } from '../seed.js';

const HASH_KEY = 'bench-key-0123456789-0123456789-0123456789';
const SIZES = [10_000, 100_000, 1_000_000];
/** Requests at a time: as a product of several processes. */
const AT_A_TIME = 8;
/** Events of a report. */
const BATCH = 1_000;
/** Calls a second, where not as many as go. */
const PACE = 20;
/** So many that none is refused, and so a limit that each `admit` has to look at. */
const SEATS = 2_000_000_000;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

type Row = (name: string, figures: Record<string, string>) => void;

/** How fast `seen`, `admit` and `GET /api/licensing/usage` are beside many subjects, and what they cost the check. */
export async function usage(bench: Bench): Promise<void> {
  const names = bench.postgres === undefined ? ['embedded'] : ['PostgreSQL', 'embedded'];
  for (const [name, size] of names.flatMap((one) => SIZES.map((size) => [one, size] as const))) {
    const address = name === 'embedded' ? bench.embedded() : await bench.database();
    await onDatabase(address, (source) => seedSubjects(source, size, HASH_KEY));
    const issuer = await FakeIssuer.start();
    const service = await startService({
      ...issuerSettings(issuer),
      DATABASE_URL: address,
      USAGE_HASH_KEY: HASH_KEY,
    });
    try {
      const token = licenseOf(issuer, 0, { included_users: SEATS });
      await ask(service, 'POST', '/api/licensing/token', { token });
      await measure(service, size, bench.seconds, bench.table(`usage, ${name}, ${number(size)} subjects`));
    } finally {
      await service.stop();
      await issuer.stop();
    }
  }
}

async function measure(service: Program, size: number, seconds: number, row: Row): Promise<void> {
  const call = (method: string, path: string, body?: unknown) =>
    ask(service, method, `/api/licensing/${path}`, body);
  const known = () => call('POST', 'usage/admit', { subject: `user ${Math.floor(Math.random() * size)}` });
  let next = 0;
  const fresh = () => call('POST', 'usage/admit', { subject: `new ${(next += 1)}` });
  const report = async (name: string, calls: Promise<number[]>, alone?: number) => {
    const times = await calls;
    row(name, {
      'calls/s': number(times.length / seconds),
      'p50, ms': quantile(times, 0.5).toFixed(1),
      'p99, ms': quantile(times, 0.99).toFixed(1),
      ...(alone === undefined ? {} : { 'of its rate alone': (times.length / alone).toFixed(2) }),
    });
    return times.length;
  };
  await report(
    'GET usage',
    repeat(1, seconds, () => call('GET', 'usage')),
  );
  await report(`admit, known, ${AT_A_TIME} at a time`, repeat(AT_A_TIME, seconds, known));
  await report(`admit, new, ${AT_A_TIME} at a time`, repeat(AT_A_TIME, seconds, fresh));
  await report(`admit, known, ${PACE} a second`, pace(seconds, known));
  await report(`admit, new, ${PACE} a second`, pace(seconds, fresh));
  const check = () => call('GET', 'check');
  const alone = await report('check', repeat(1, seconds, check));
  const admissions = pace(seconds, fresh);
  await report(`check, beside ${PACE} admissions a second`, repeat(1, seconds, check), alone);
  await admissions;
  const stored = async () => (JSON.parse(await call('GET', 'usage')) as { used: number }).used;
  const before = await stored();
  const begun = performance.now();
  let reported = 0;
  await repeat(2, seconds, async () => {
    const events = Array.from({ length: BATCH }, () => ({ subject: `seen ${(reported += 1)}` }));
    await untilRoom(() => call('POST', 'usage/seen', { events }));
  });
  while ((await stored()) < before + reported) await sleep(50);
  const took = (performance.now() - begun) / 1_000;
  row('seen, until it is written', { 'events/s': number(reported / took) });
}

/** Asks again while the buffer is full, as a product would. */
async function untilRoom(call: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await call();
      return;
    } catch (error) {
      if (!(error as Error).message.includes(': 503')) throw error;
      await sleep(100);
    }
  }
}

/** Calls again and again. @returns how long each call took, milliseconds */
async function repeat(atATime: number, seconds: number, call: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  const until = performance.now() + seconds * 1_000;
  const one = async () => {
    while (performance.now() < until) times.push(await timed(call));
  };
  await Promise.all(Array.from({ length: atATime }, one));
  return times;
}

/** Calls at a steady pace, whether the calls before have their answer or not. @returns as {@link repeat} */
async function pace(seconds: number, call: () => Promise<unknown>): Promise<number[]> {
  const begun = performance.now();
  const calls = [];
  for (let sent = 0; sent < PACE * seconds; sent += 1) {
    const wait = begun + (sent * 1_000) / PACE - performance.now();
    if (wait > 0) await sleep(wait);
    calls.push(timed(call));
  }
  return Promise.all(calls);
}

async function timed(call: () => Promise<unknown>): Promise<number> {
  const asked = performance.now();
  await call();
  return performance.now() - asked;
}

/**
 * What a full buffer of reports takes: memory, and time to be written. In this process: requests cannot fill the buffer
 * meanwhile.
 */
export async function buffer(bench: Bench): Promise<void> {
  const row = bench.table(
    `a full buffer of ${number(MAX_WAITING)} reports, beside ${number(SIZES[1] as number)} subjects`,
  );
  for (const name of bench.postgres === undefined ? ['embedded'] : ['PostgreSQL', 'embedded']) {
    const address = name === 'embedded' ? bench.embedded() : await bench.database();
    await onDatabase(address, (source) => seedSubjects(source, SIZES[1] as number, HASH_KEY));
    const config = loadServiceConfig({
      ...{ PORT: '0', LOG_LEVEL: 'error', AUTO_REFRESH_LICENSE: 'false' },
      ...{ DATABASE_URL: address, USAGE_HASH_KEY: HASH_KEY },
    });
    const { application } = await startInProcess(config, createLogger('error'));
    const [seen, hasher] = [application.nest.get(SeenBuffer), application.nest.get(SubjectHasher)];
    const at = Math.floor(Date.now() / 1_000);
    const fill = (role: 'viewer' | 'editor', later: number) => {
      const events = Array.from(
        { length: MAX_WAITING },
        (_, index) => [hasher.hash('user', `buffered ${index}`), { role, from: at, at: at + later }] as const,
      );
      seen.add(events);
    };
    const written = async () => `${((await timed(() => seen.flush())) / 1_000).toFixed(1)} s`;
    await seen.flush();
    const empty = usedHeap();
    fill('viewer', 0);
    const memory = `${((usedHeap() - empty) / 2 ** 20).toFixed(1)} MiB`;
    const subjects = await written();
    fill('editor', 1);
    row(name, { memory, 'new subjects': subjects, 'new roles': await written() });
    await application.close();
  }
}

/** What is in use when garbage is collected, bytes. */
function usedHeap(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

/** The plan of the query that counts. */
export async function plan(bench: Bench): Promise<void> {
  const size = SIZES[2] as number;
  await onDatabase(await bench.database(), async (source) => {
    await seedSubjects(source, size, HASH_KEY);
    console.log(`\n${number(size)} subjects`);
    const explaining = {
      query: async (sql: string, parameters: unknown[]) => {
        const rows = await source.query<object[]>(
          `EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ${sql}`,
          parameters,
        );
        for (const row of rows) console.log(Object.values(row)[0]);
        return [];
      },
    };
    await new UsageSubjectStore().groups(explaining as never, Math.floor(Date.now() / 86_400_000));
  });
}

async function onDatabase(address: string, work: (source: DataSource) => Promise<void>): Promise<void> {
  const source = await new DataSource(
    dataSourceOptions(readAddress.parse(address), SERVICE_SCHEMA),
  ).initialize();
  await applyMigrations(source);
  await work(source).finally(() => source.destroy());
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
