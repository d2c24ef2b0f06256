import { rm } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { furthestBehind, violations } from './checker.js';
import { storm } from './storm.js';

const HELP = `Replicas of the service over one PostgreSQL, under an issuer with faults, all of which are killed at random points (kill -9)
while clients check, renew, upload and remove. Afterwards a checker reads what clients, issuer and database have written
down: nothing may be lost, doubled, gone back or stuck, and every check must have been true.

Usage: npm run storm -- [options]     TEST_DATABASE_URL names the server

  --kills <n>      how many (default 20)
  --seed <n>       who is killed when, who asks when, what the issuer does wrong (default: by chance; it is printed).
                   Processes run as they please, so a seed repeats the storm, not each of its moments.
  --replicas <n>   how many (default 3)
  --keep           keep the logs where all was well, too
  --help           print this

Ends with 0 when all was well, 1 when something was not (and says where the logs are), 77 when it cannot run here.`;
const SKIPPED = 77;

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    seed: { type: 'string' },
    replicas: { type: 'string', default: '3' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const server = process.env.TEST_DATABASE_URL ?? '';

if (values.help) console.log(HELP);
else if (!(await isReachable())) {
  console.log('SKIPPED: there was no storm: TEST_DATABASE_URL names no PostgreSQL that can be reached');
  process.exitCode = SKIPPED;
} else process.exitCode = await run();

async function run(): Promise<number> {
  const seed = number(values.seed ?? String(Math.floor(Math.random() * 1_000_000_000)));
  const [kills, replicas] = [number(values.kills), number(values.replicas)];
  console.log(`A storm of ${kills} kills over ${replicas} replicas, --seed ${seed}`);
  const {
    history,
    kills: killed,
    took,
    directory,
  } = await storm({
    ...{ server, kills, seed, replicas },
    say: (line) => console.log(line),
  });
  const found = violations(history);
  const { calls, audit, issuer, attempts } = history;
  const count = (all: readonly { readonly kind?: string; readonly event?: string }[], what: string) =>
    all.filter(({ kind, event }) => (kind ?? event) === what).length;
  const changes = (what: string) => audit.filter(({ action }) => action === `license.${what}`).length;
  console.log(
    [
      `kills: ${Object.entries(killed)
        .map(([name, times]) => `${name} ${times}`)
        .join(', ')}`,
      `calls: ${['check', 'read', 'renew', 'install', 'queue', 'remove'].map((kind) => `${count(calls, kind)} ${kind}`).join(', ')}`,
      `unanswered: ${calls.filter(({ status }) => status === undefined).length}`,
      `changes: ${audit.length - changes('dequeue')}, of them renewals ${changes('renew')}, next terms ${changes('promote')} of ${changes('queue')} that waited`,
      `issuer: ${count(issuer, 'request')} requests for ${attempts.length} attempts, ${count(issuer, 'issued')} tokens; ${attempts.filter(({ calls: times }) => times > 1).length} attempts gone on with`,
      `furthest behind: ${Math.round(furthestBehind(history))} ms`,
      `took: ${Math.round(took / 1000)} s`,
      `violations: ${found.length}`,
    ].join('\n'),
  );
  for (const violation of found.slice(0, 50)) console.log(`  ${violation}`);
  if (found.length > 0 || values.keep) console.log(`The logs are in ${directory}`);
  else await rm(directory, { recursive: true });
  return found.length === 0 ? 0 : 1;
}

async function isReachable(): Promise<boolean> {
  if (server === '') return false;
  const client = new pg.Client({ connectionString: server, connectionTimeoutMillis: 3_000 });
  try {
    await client.connect();
    await client.end();
    return true;
  } catch {
    return false;
  }
}

function number(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`no number: ${text}`);
  return value;
}
