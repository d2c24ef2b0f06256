// Runs the tests: on the embedded database, and on PostgreSQL where TEST_DATABASE_URL names one.
//
//   npm test                         everything, a part of the long suites; says what needs PostgreSQL and was skipped
//   npm test -- test/domain          what jest would take: paths and options; all of it
//   node scripts/test.mjs --only-postgres [--sample] [paths]
//                                    what depends on the database, on PostgreSQL alone; with --sample a sixth of the files
//   DUE_SUITES=usage,access npm test everything but these long suites, as they run whole elsewhere (CI)
//   node scripts/test.mjs test/database-faults
//                                    what hurts a PostgreSQL server of its own: needs its programs, and no server
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findPostgres } from './find-postgres.mjs';
import { draw, leftOut, testFiles } from './long-suites.mjs';
import { DIRECT, POOLED } from './postgres-suites.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const JEST = fileURLToPath(new URL('../node_modules/jest/bin/jest.js', import.meta.url));
const ON_POSTGRES = [...new Set([...DIRECT, ...POOLED])];
const ONLY_POSTGRES = 'test/postgres';
/** Hurts a PostgreSQL server of its own: needs the server's programs, and no server. */
const FAULTS = 'test/database-faults';
/** One more than cores: much of a test's time is waiting. */
const WORKERS = availableParallelism() + 1;
/** Where databases need no disk: a test of durability counts the calls of fsync, and kills processes, not the machine. */
const MEMORY = '/dev/shm';
const MEMORY_BYTES = 4 * 2 ** 30;
const SHOWN_AS_SLOWEST = 10;

const { TEST_DATABASE_URL: postgres, ...environment } = process.env;
const onlyPostgres = process.argv.includes('--only-postgres');
const chosen = process.argv
  .slice(2)
  .filter((argument) => !['--only-postgres', '--sample'].includes(argument));
const isSample =
  environment.TEST_GEAR === undefined && (chosen.length === 0 || process.argv.includes('--sample'));
if (isSample) {
  environment.TEST_GEAR = 'sample';
  environment.SAMPLE_SEED ??= String(randomInt(1, 1_000_000_000));
  console.log(`A part of the long suites runs; the same again: SAMPLE_SEED=${environment.SAMPLE_SEED}`);
}
const totals = { passed: 0, failed: 0, failures: [] };

if (environment.TMPDIR === undefined && hasRoom(MEMORY)) environment.TMPDIR = MEMORY;

const faults = chosen.filter((argument) => argument.includes(FAULTS));

if (!onlyPostgres && faults.length === 0) {
  const elsewhere = ['--testPathIgnorePatterns', `/${ONLY_POSTGRES}/`, `/${FAULTS}/`];
  const skipped =
    isSample && chosen.length === 0
      ? leftOut(environment.SAMPLE_SEED, environment.DUE_SUITES?.split(','))
      : [];
  run('on the embedded database', [...chosen, ...elsewhere, ...skipped.map(exactly)], {});
}
if (postgres && faults.length === 0) {
  const suites = chosen.length > 0 ? chosen : ON_POSTGRES;
  const files = isSample ? draw(testFiles(suites), environment.SAMPLE_SEED).map(exactly) : suites;
  run('on PostgreSQL', [...files, '--testPathIgnorePatterns', `/${FAULTS}/`], {
    TEST_DATABASE_URL: postgres,
  });
} else if (faults.length === 0) {
  console.log(
    'Skipped: TEST_DATABASE_URL is not set, so nothing ran on PostgreSQL. To run what PostgreSQL can change there ' +
      `too, and ${ONLY_POSTGRES} (replicas, outages, kill -9), set it to a server on which databases can be created:\n` +
      '  TEST_DATABASE_URL=postgres://user:password@localhost:5432/postgres npm test',
  );
}
if (faults.length > 0) {
  const programs = findPostgres();
  if (programs) {
    // One file after the other: each has a server, and all of them measure how soon it is back.
    const args = [...chosen, '--runInBand'];
    run('on PostgreSQL servers of their own, in trouble', args, { TEST_POSTGRES_BIN: programs });
  } else {
    console.log(
      `Skipped: ${FAULTS} needs Linux and the programs of a PostgreSQL server; TEST_POSTGRES_BIN says where.`,
    );
  }
} else if (chosen.length === 0) {
  console.log(
    `Skipped: ${FAULTS} (restart, kill -9, freeze of a server of its own): npm run verify -- database-faults`,
  );
}
for (const name of totals.failures) console.log(`FAILED  ${name}`);
console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed > 0 ? 1 : 0;

function hasRoom(directory) {
  try {
    accessSync(directory, constants.W_OK);
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize > MEMORY_BYTES;
  } catch {
    return false;
  }
}

/** @returns a pattern that matches this file alone */
function exactly(file) {
  return `/${file.replaceAll('.', '\\.')}$`;
}

function run(where, args, extra) {
  console.log(`Tests ${where}`);
  const directory = mkdtempSync(join(tmpdir(), 'licentia-results-'));
  const results = join(directory, 'results.json');
  const { status } = spawnSync(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      JEST,
      ...(args.includes('--runInBand') ? [] : [`--maxWorkers=${WORKERS}`]),
      '--json',
      `--outputFile=${results}`,
      ...args,
    ],
    { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'], env: { ...environment, ...extra } },
  );
  try {
    const report = JSON.parse(readFileSync(results, 'utf8'));
    const { numPassedTests, numFailedTests, numFailedTestSuites, testResults } = report;
    printSlowest(testResults);
    for (const { name, assertionResults, status: outcome } of testResults) {
      const failed = assertionResults.filter((test) => test.status === 'failed');
      const titles =
        failed.length === 0 && outcome === 'failed' ? ['the file'] : failed.map((test) => test.fullName);
      totals.failures.push(...titles.map((title) => `${relative(ROOT, name)}: ${title} (${where})`));
    }
    totals.passed += numPassedTests;
    // A suite that does not even load has no tests that could fail.
    totals.failed += Math.max(numFailedTests, numFailedTestSuites);
  } catch {
    totals.failed += 1;
  }
  if (status !== 0 && totals.failed === 0) totals.failed += 1;
  rmSync(directory, { recursive: true, force: true });
}

/** Where the time went, for who wants CI to be faster. */
function printSlowest(files) {
  const seconds = ({ startTime, endTime }) => (endTime - startTime) / 1000;
  const slowest = files.toSorted((a, b) => seconds(b) - seconds(a)).slice(0, SHOWN_AS_SLOWEST);
  if (files.length <= SHOWN_AS_SLOWEST) return;
  console.log(`The ${SHOWN_AS_SLOWEST} slowest of ${files.length} files, seconds:`);
  for (const file of slowest)
    console.log(`${seconds(file).toFixed(1).padStart(8)}  ${relative(ROOT, file.name)}`);
}
