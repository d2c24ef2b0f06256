// Every check of the repository but the tests on the embedded database, which are `npm test`. Each is one sentence.
//
//   npm run check            all of them; what needs PostgreSQL is skipped without TEST_DATABASE_URL, what needs
//                            promtool where it is not found (PROMTOOL, the PATH, .cache), what needs PgBouncer too
//   npm run check -- lint    those whose name contains a word; with 2 where there are none
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { findPgBouncer } from './pgbouncer.mjs';
import { DIRECT } from './postgres-suites.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const bin = (name) => fileURLToPath(new URL(`../node_modules/.bin/${name}`, import.meta.url));

const CHECKS = [
  ['The code has one format', [bin('prettier'), '--check', '.']],
  ['The linter has nothing to say', [bin('eslint'), '--max-warnings=0', '.']],
  ['The prose is plain English', [process.execPath, 'scripts/check-prose.mjs']],
  ['The types are right', [bin('tsc'), '-p', 'tsconfig.json']],
  ['Everybody imports downward only', [bin('depcruise'), 'src', '--config', '.dependency-cruiser.cjs']],
  ['The lock file is whole and nothing runs at install', [process.execPath, 'scripts/check-lockfile.mjs']],
  ['The alert rules fire when they should', [process.execPath, 'scripts/check-alerts.mjs'], 'PROMTOOL'],
  ['It builds', ['npm', 'run', '--silent', 'build']],
  ['The bill of materials has every production package', [process.execPath, 'scripts/write-sbom.mjs']],
  ['The unit tests pass on every supported release of Node', [process.execPath, 'scripts/check-nodes.mjs']],
  [
    'The tests pass on PostgreSQL',
    // Where there is PgBouncer, the rest runs through it.
    [process.execPath, 'scripts/test.mjs', '--only-postgres', ...(findPgBouncer() ? DIRECT : [])],
    'TEST_DATABASE_URL',
  ],
  [
    'The tests of replicas and licensing pass through PgBouncer',
    [process.execPath, 'scripts/check-pgbouncer.mjs'],
    'TEST_DATABASE_URL',
  ],
  [
    'After a storm of 20 kills nothing is lost, doubled, gone back or stuck',
    [process.execPath, 'scripts/run-typescript.mjs', 'test/storm/main.ts'],
    'TEST_DATABASE_URL',
  ],
  [
    'The quickstart starts, answers its curl lines and survives a kill',
    [process.execPath, 'scripts/check-quickstart.mjs'],
  ],
];

// Found where it is; `node scripts/check-alerts.mjs --fetch` brings it.
const promtool = spawnSync(process.execPath, ['scripts/check-alerts.mjs', '--find'], { cwd: ROOT });
if (promtool.status === 0) process.env.PROMTOOL = promtool.stdout.toString().trim();

/** A check that cannot run here ends with this, and has said why. */
const SKIPPED = 77;

const words = process.argv.slice(2).map((word) => word.toLowerCase());
const chosen = CHECKS.filter(([sentence]) => words.every((word) => sentence.toLowerCase().includes(word)));
if (chosen.length === 0) {
  console.error(
    `There is no check with ${words.map((word) => `“${word}”`).join(' and ')} in its name. There are:`,
  );
  for (const [sentence] of CHECKS) console.error(`  ${sentence}`);
  process.exit(2);
}
const count = { passed: 0, failed: 0, skipped: 0 };
const summary = [];
for (const [sentence, [command, ...args], needs] of chosen) {
  if (needs !== undefined && !process.env[needs]) {
    count.skipped += 1;
    console.log(`skipped  ${sentence}: ${needs} is not set`);
    continue;
  }
  const started = performance.now();
  const { status } = spawnSync(command, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status === SKIPPED) {
    count.skipped += 1;
    console.log(`skipped  ${sentence}`);
    continue;
  }
  const passed = status === 0;
  count[passed ? 'passed' : 'failed'] += 1;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${passed ? 'passed ' : 'FAILED '}  ${sentence} (${seconds} s)`);
  summary.push(`${passed ? 'passed' : 'FAILED'} ${seconds.padStart(8)} s  ${sentence}`);
}
console.log(summary.join('\n'));
console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
process.exitCode = count.failed > 0 ? 1 : 0;
