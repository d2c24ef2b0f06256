import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { findPgBouncer } from '../../scripts/find-pgbouncer.mjs';
import { startPgBouncer } from '../../scripts/pgbouncer.mjs';
import { postgresDatabase } from '../support/database.js';
import { FakeIssuer } from '../support/fake-issuer/fake-issuer.js';
import { findHaproxy, Haproxy } from '../support/haproxy.js';
import { freePort, Phoenix } from '../support/phoenix.js';
import { type Failure, Load } from './load.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const BEARER = 'bootstrap-token-of-the-restarts-0123456789';
/** Between a replica that counts again and the end of the next one, milliseconds: two are never away. */
const SETTLE_MS = 1_500;
const MAX_READY_MS = 60_000;

export interface RollingOptions {
  readonly server: string;
  readonly restarts: number;
  readonly replicas: number;
  /** Requests a second. */
  readonly rate: number;
  /** Ended by SIGTERM, or killed with SIGKILL. */
  readonly how: 'end' | 'kill';
  readonly say: (line: string) => void;
}

export interface RollingResult {
  readonly sent: number;
  readonly answered: number;
  readonly failures: readonly Failure[];
  /** Milliseconds. */
  readonly median: number;
  readonly p99: number;
  /** How each replica that was asked to end did not end well. */
  readonly deaths: readonly string[];
  readonly behindPgBouncer: boolean;
}

/** Why it cannot run here; undefined when it can. */
export function missing(server: string): string | undefined {
  if (server === '') return 'TEST_DATABASE_URL is not set';
  if (findHaproxy() === undefined) return 'HAProxy is not here: install it (Debian: haproxy), or set HAPROXY';
  return undefined;
}

/** Replicas behind HAProxy, and PgBouncer where it is, that are restarted in turn while clients go on asking. */
export async function roll(options: RollingOptions): Promise<RollingResult> {
  const directory = await mkdtemp(join(tmpdir(), 'licentia-rolling-'));
  const closing: (() => Promise<unknown>)[] = [async () => rm(directory, { recursive: true })];
  try {
    const database = await postgresDatabase(options.server);
    closing.push(() => database.drop());
    const issuer = await FakeIssuer.start();
    closing.push(() => issuer.stop());
    const program = findPgBouncer();
    const pooler = program === undefined ? undefined : await startPgBouncer(program, database.url);
    if (pooler !== undefined) closing.push(() => pooler.stop());
    const ports = await Promise.all(Array.from({ length: options.replicas }, () => freePort()));
    const replicas = ports.map((port, at) => {
      const environment = {
        PORT: String(port),
        DATABASE_URL: pooler?.url ?? database.url,
        BOOTSTRAP_TOKEN: BEARER,
        ISSUER_URL: issuer.url,
        ISSUER_ALLOW_INSECURE_HTTP: 'true',
        TRUST_PROXY: 'loopback',
        RATE_LIMIT_WRITES_PER_MINUTE: '1000000',
        RATE_LIMIT_ALL_WRITES_PER_MINUTE: '1000000',
      };
      const log = join(directory, `${at + 1}.log`);
      return { port, process: new Phoenix(`replica ${at + 1}`, () => [MAIN], environment, log) };
    });
    closing.push(async () => Promise.all(replicas.map(({ process }) => process.kill())));
    for (const { port, process } of replicas) {
      await process.start();
      await ready(port);
    }
    const token = issuer.token({ lid: 'rolling' });
    await install(replicas[0]?.port ?? 0, token);
    const haproxy = await Haproxy.start(findHaproxy() ?? '', ports);
    closing.push(() => haproxy.stop());
    await sleep(SETTLE_MS);

    const load = new Load(haproxy.url, BEARER, options.rate, token, options.how === 'end');
    const deaths: string[] = [];
    load.start();
    for (let count = 0; count < options.restarts; count += 1) {
      await sleep(SETTLE_MS);
      const { port, process } = replicas[count % replicas.length] ?? fail();
      if (options.how === 'kill') await process.kill();
      else {
        const how = await process.end();
        if (how !== '0') deaths.push(`${process.name}: ${how}`);
      }
      await process.start();
      await ready(port);
      options.say(
        `restart ${count + 1} of ${options.restarts}: ${process.name} (${load.answered} answers so far, ${load.failures.length} failures)`,
      );
    }
    await sleep(SETTLE_MS);
    await load.stop();
    const { sent, answered, failures } = load;
    const behindPgBouncer = pooler !== undefined;
    return {
      ...{ sent, answered, failures, deaths, behindPgBouncer },
      median: load.within(0.5),
      p99: load.within(0.99),
    };
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

async function ready(port: number): Promise<void> {
  const deadline = performance.now() + MAX_READY_MS;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
    if (answer?.status === 200) return;
    if (performance.now() > deadline) throw new Error(`the replica on port ${port} is not ready`);
    await sleep(50);
  }
}

async function install(port: number, token: string): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/api/licensing/token`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${BEARER}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ token }),
  });
  if (response.status !== 200)
    throw new Error(`the upload answered ${response.status}: ${await response.text()}`);
}

function fail(): never {
  throw new Error('there are no replicas');
}
