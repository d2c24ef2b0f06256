// Runs the tests of replicas and of licensing on PostgreSQL through PgBouncer, a pool of transactions: what keeps something in a
// session, or asks for something at its start, fails there.
//
//   npm run test:pgbouncer                      TEST_DATABASE_URL names the server; PGBOUNCER the program
//   npm run test:pgbouncer -- --whole           all of their files, not a sixth
//   npm run test:pgbouncer -- test/postgres     what jest would take
//   node scripts/check-pgbouncer.mjs --help
//
// Ends with 0 when all is well, 1 when something is not, 77 when it cannot run here.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { findPgBouncer } from './find-pgbouncer.mjs';
import { startPgBouncer } from './pgbouncer.mjs';
import { POOLED } from './postgres-suites.mjs';

const SKIPPED = 77;
const ROOT = fileURLToPath(new URL('..', import.meta.url));

const args = process.argv.slice(2);
const server = process.env.TEST_DATABASE_URL;
const program = findPgBouncer();
const missing = [
  ...(server ? [] : ['TEST_DATABASE_URL is not set']),
  ...(program === undefined
    ? ['PgBouncer is not here: install it (Debian: pgbouncer), or set PGBOUNCER']
    : []),
].join('; ');

if (args.includes('--help')) {
  const lines = readFileSync(new URL(import.meta.url), 'utf8').split('\n');
  console.log(
    lines
      .slice(0, 9)
      .map((line) => line.replace(/^\/\/ ?/, ''))
      .join('\n'),
  );
} else if (missing !== '') {
  console.log(`SKIPPED: nothing ran through PgBouncer: ${missing}`);
  process.exitCode = SKIPPED;
} else {
  process.exitCode = await check();
}

function suites() {
  if (args.includes('--whole')) return POOLED;
  return args.length > 0 ? args : ['--sample', ...POOLED];
}

async function check() {
  const bouncer = await startPgBouncer(program, server);
  try {
    const before = await bouncer.statistics();
    const tests = spawn(process.execPath, ['scripts/test.mjs', '--only-postgres', ...suites()], {
      cwd: ROOT,
      stdio: 'inherit',
      env: {
        ...process.env,
        TEST_DATABASE_URL: bouncer.url,
        TEST_DATABASE_POOLED: '1',
        TEST_DATABASE_DIRECT_URL: server,
      },
    });
    const [code] = await once(tests, 'exit');
    const { transactions, mode } = await bouncer.statistics();
    const through = transactions - before.transactions;
    // It forgets the figures of a database that is gone.
    console.log(`At least ${through} transactions through PgBouncer, pool_mode ${mode}`);
    // Tests that went around it have shown nothing.
    return code === 0 && through > 0 && mode === 'transaction' ? 0 : 1;
  } finally {
    await bouncer.stop();
  }
}
