// Runs the tests: on the embedded database, and on PostgreSQL where TEST_DATABASE_URL names one.
//
//   npm test                         everything; says what needs PostgreSQL and was skipped
//   npm test -- test/domain          what jest would take: paths and options
//   node scripts/test.mjs --only-postgres
//                                    what depends on the database, on PostgreSQL alone
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const JEST = fileURLToPath(new URL('../node_modules/jest/bin/jest.js', import.meta.url));
/** What is worth running on either database; test/postgres needs PostgreSQL. */
const ON_DATABASE = ['test/e2e', 'test/contract', 'test/authority', 'test/schema'];
const ONLY_POSTGRES = 'test/postgres';

const { TEST_DATABASE_URL: postgres, ...environment } = process.env;
const onlyPostgres = process.argv.includes('--only-postgres');
const chosen = process.argv.slice(2).filter((argument) => argument !== '--only-postgres');
const totals = { passed: 0, failed: 0 };

if (!onlyPostgres) {
  run('on the embedded database', [...chosen, '--testPathIgnorePatterns', `/${ONLY_POSTGRES}/`], {});
}
if (postgres) {
  const suites = chosen.length > 0 ? chosen : [...ON_DATABASE, ONLY_POSTGRES];
  run('on PostgreSQL', suites, { TEST_DATABASE_URL: postgres });
} else {
  console.log(
    `Skipped: TEST_DATABASE_URL is not set, so nothing ran on PostgreSQL. To run ${ON_DATABASE.join(', ')} there ` +
      `too, and ${ONLY_POSTGRES} (replicas, outages, kill -9), set it to a server on which databases can be created:\n` +
      '  TEST_DATABASE_URL=postgres://user:password@localhost:5432/postgres npm test',
  );
}
console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed > 0 ? 1 : 0;

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
      '--maxWorkers=2',
      '--json',
      `--outputFile=${results}`,
      ...args,
    ],
    { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'], env: { ...environment, ...extra } },
  );
  try {
    const { numPassedTests, numFailedTests, numFailedTestSuites } = JSON.parse(readFileSync(results, 'utf8'));
    totals.passed += numPassedTests;
    // A suite that does not even load has no tests that could fail.
    totals.failed += Math.max(numFailedTests, numFailedTestSuites);
  } catch {
    totals.failed += 1;
  }
  if (status !== 0 && totals.failed === 0) totals.failed += 1;
  rmSync(directory, { recursive: true, force: true });
}
