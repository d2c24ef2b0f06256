import { parseArgs } from 'node:util';
import { findPgBouncer } from '../../scripts/find-pgbouncer.mjs';
import { startPgBouncer } from '../../scripts/pgbouncer.mjs';
import { stormOfSeats } from './seats-storm.js';

const HELP = `A crowd asks for one seat at the same time, round after round, on replicas that share one PostgreSQL: exactly one gets it. In each
fourth round a replica is killed meanwhile (kill -9), and in each fourth the license is renewed with one seat more.

Usage: npm run seats:storm -- [options]     TEST_DATABASE_URL names the server

  --rounds <n>     how many (default 200)
  --calls <n>      how many ask in each (default 500)
  --replicas <n>   how many (default 3)
  --pgbouncer      through PgBouncer, a pool of transactions (PGBOUNCER names the program)
  --seed <n>       when a replica is killed, or the license renewed (default: by chance; it is printed)
  --help           print this

Ends with 0 when every seat had one owner, 1 when one had none or two, 77 when it cannot run here.`;
const SKIPPED = 77;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '200' },
    calls: { type: 'string', default: '500' },
    replicas: { type: 'string', default: '3' },
    pgbouncer: { type: 'boolean', default: false },
    seed: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const server = process.env.TEST_DATABASE_URL ?? '';

if (values.help) console.log(HELP);
else if (server === '') skip('TEST_DATABASE_URL names no PostgreSQL');
else if (values.pgbouncer && findPgBouncer() === undefined) skip('PgBouncer is not here');
else process.exitCode = await run();

async function run(): Promise<number> {
  const seed = number(values.seed ?? String(Math.floor(Math.random() * 1_000_000_000)));
  const [rounds, calls, replicas] = [number(values.rounds), number(values.calls), number(values.replicas)];
  const bouncer = values.pgbouncer ? await startPgBouncer(findPgBouncer() as string, server) : undefined;
  const way = bouncer === undefined ? '' : ' through PgBouncer';
  console.log(
    `${rounds} rounds of ${calls} calls for one seat, over ${replicas} replicas${way}, --seed ${seed}`,
  );
  const began = performance.now();
  try {
    const { violations, ...counts } = await stormOfSeats({
      ...{ server, rounds, calls, replicas, seed, say: (line: string) => console.log(line) },
      ...(bouncer === undefined ? {} : { through: bouncer.url }),
    });
    const list = (all: Readonly<Record<string, number>>) =>
      Object.entries(all)
        .map(([name, times]) => `${name} ${times}`)
        .join(', ');
    console.log(`rounds with: ${list(counts.rounds)}`);
    console.log(`answers: ${list(counts.answers)}`);
    if (bouncer !== undefined) console.log(`through PgBouncer: ${await statistics(bouncer)}`);
    console.log(`took: ${Math.round((performance.now() - began) / 1000)} s`);
    console.log(`violations: ${violations.length}`);
    for (const violation of violations.slice(0, 50)) console.log(`  ${violation}`);
    return violations.length === 0 ? 0 : 1;
  } finally {
    await bouncer?.stop();
  }
}

async function statistics(bouncer: Awaited<ReturnType<typeof startPgBouncer>>): Promise<string> {
  const { transactions, mode } = await bouncer.statistics();
  return `at least ${transactions} transactions, pool_mode ${mode}`;
}

function skip(reason: string): void {
  console.log(`SKIPPED: nobody asked for a seat: ${reason}`);
  process.exitCode = SKIPPED;
}

function number(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`no number of one or more: ${text}`);
  return value;
}
