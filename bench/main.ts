import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findPostgres } from '../scripts/find-postgres.mjs';
import { PostgresServer } from '../test/support/postgres-server.js';
import { Bench } from './bench.js';
import { markdown } from './figures.js';
import { saveResults } from './results.js';
import { change } from './sections/change.js';
import { convergence } from './sections/convergence.js';
import { endure } from './sections/endure.js';
import { routes } from './sections/routes.js';
import { start } from './sections/start.js';
import { trouble } from './sections/trouble.js';
import { buffer, plan, usage } from './sections/usage.js';
import { writes } from './sections/writes.js';
import { hasWrk } from './wrk.js';

const SECTIONS = { routes, trouble, writes, usage, convergence, change, start, buffer, plan, endure };
type Section = keyof typeof SECTIONS;
/** They take long, or say what changes seldom. */
const ASKED_FOR = ['buffer', 'plan', 'endure'];
const USUAL = Object.keys(SECTIONS).filter((name) => !ASKED_FOR.includes(name));

const HELP = `How fast is the service, and what does it take? Prints tables of Markdown.

Usage: npm run bench -- [options]

  --only <sections>  with commas, of: ${Object.keys(SECTIONS).join(', ')} (default: all but ${ASKED_FOR.join(', ')})
  --rounds <n>       how often each thing is measured, in turn with others (default 5)
  --seconds <n>      how long a measurement lasts (default 4)
  --save             keep the results in bench/results, and write docs/performance.md with them
  --help             print this

Needs wrk. A PostgreSQL server of its own runs where its programs are installed (TEST_POSTGRES_BIN names their directory);
else everything is measured on the embedded database. The service has one core, the load another one.
NODE_OPTIONS holds for the service too.
Ends with 0, with 2 for wrong usage, and with 77 where wrk is not installed.`;
const SKIPPED = 77;

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: USUAL.join(',') },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    save: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const names = values.only.split(',');
const unknown = names.find((name) => !Object.hasOwn(SECTIONS, name));
const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];

if (values.help) console.log(HELP);
else if (unknown !== undefined) refuse(`there is no section ${unknown}: ${Object.keys(SECTIONS).join(', ')}`);
else if (![rounds, seconds].every((count) => Number.isInteger(count) && count > 0))
  refuse('--rounds and --seconds take a whole number from 1');
else if (!hasWrk) {
  console.log('SKIPPED: nothing was measured: wrk is not installed');
  process.exitCode = SKIPPED;
} else await run(names as Section[]);

function refuse(reason: string): void {
  console.error(reason);
  process.exitCode = 2;
}

async function run(sections: readonly Section[]): Promise<void> {
  const binaries = findPostgres();
  if (binaries !== undefined) process.env.TEST_POSTGRES_BIN = binaries;
  const directory = mkdtempSync(join(tmpdir(), 'licentia-bench-'));
  const postgres = binaries === undefined ? undefined : await PostgresServer.start();
  const bench = new Bench(rounds, seconds, directory, postgres);
  const server = await postgres?.query<{ server_version: string }>('SHOW server_version');
  const about = {
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim(),
    machine: `${availableParallelism()} cores, ${cpus()[0]?.model.trim() ?? 'unknown'}`,
    database: server === undefined ? 'embedded' : `PostgreSQL ${parseInt(server[0]?.server_version ?? '')}`,
  };
  const nodeOptions = process.env.NODE_OPTIONS ? `NODE_OPTIONS='${process.env.NODE_OPTIONS}' ` : '';
  console.log(Object.values(about).join(', '));
  try {
    for (const section of sections) {
      const load = (loadavg()[0] as number).toFixed(1);
      const first = bench.tables.length;
      await SECTIONS[section](bench);
      const tables = bench.tables.slice(first);
      const command = `${nodeOptions}npm run bench -- --only ${section} --rounds ${rounds} --seconds ${seconds}`;
      if (values.save) saveResults(section, { ...about, load, command, tables });
    }
  } finally {
    await postgres?.stop();
    rmSync(directory, { recursive: true, force: true });
  }
  for (const table of bench.tables) console.log(`\n${markdown(table)}`);
}
