// Every check of the repository but the tests on the embedded database, which are `npm test`. Each is one sentence.
//
//   npm run check            all of them; what needs PostgreSQL is skipped without TEST_DATABASE_URL, what needs
//                            promtool where it is not found (PROMTOOL, the PATH, .cache), what needs PgBouncer too
//   npm run check -- lint    those whose name contains a word; with 2 where there are none
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { findPgBouncer } from './find-pgbouncer.mjs';
import { DIRECT } from './postgres-suites.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const bin = (name) => fileURLToPath(new URL(`../node_modules/.bin/${name}`, import.meta.url));

/**
 * Cheap ones first, two at a time. Those with a lane run after them, the lanes side by side. `suite`: the long suite that a
 * check is a part of; where that is due (DUE_SUITES, see `.ci/run`), it runs whole after this.
 */
const CHECKS = [
  { sentence: 'The code has one format', command: [bin('prettier'), '--check', '.'] },
  { sentence: 'The prose is plain English', command: [process.execPath, 'scripts/check-prose.mjs'] },
  {
    sentence: 'The lock file is whole and nothing runs at install',
    command: [process.execPath, 'scripts/check-lockfile.mjs'],
  },
  {
    sentence: 'The client matches docs/openapi.yaml',
    command: ['npm', 'run', '--silent', 'client:generate', '--', '--check'],
  },
  { sentence: 'The types are right', command: [bin('tsc'), '-p', 'tsconfig.json'] },
  {
    sentence: 'The types of the page are right',
    command: [bin('tsc'), '--noEmit', '-p', 'web/tsconfig.json'],
  },
  { sentence: 'The linter has nothing to say', command: [bin('eslint'), '--max-warnings=0', '.'] },
  {
    sentence: 'Everybody imports downward only',
    command: [
      bin('depcruise'),
      'src',
      'clients/typescript/src',
      'web/src',
      '--config',
      '.dependency-cruiser.cjs',
    ],
  },
  {
    sentence: 'The alert rules fire when they should',
    command: [process.execPath, 'scripts/check-alerts.mjs'],
    needs: 'PROMTOOL',
  },
  { sentence: 'It builds', command: ['npm', 'run', '--silent', 'build'] },
  {
    sentence: 'The bill of materials has every production package',
    command: [process.execPath, 'scripts/write-sbom.mjs'],
    lane: 'direct',
  },
  {
    sentence: 'The tests pass on PostgreSQL',
    // Where there is PgBouncer, the rest runs through it.
    command: [
      ...[process.execPath, 'scripts/test.mjs', '--only-postgres', '--sample'],
      ...(findPgBouncer() ? DIRECT : []),
    ],
    needs: 'TEST_DATABASE_URL',
    suite: 'postgres',
    lane: 'direct',
  },
  {
    sentence: 'After a storm of 20 kills nothing is lost, doubled, gone back or stuck',
    command: [process.execPath, 'scripts/run-typescript.mjs', 'test/storm/main.ts'],
    needs: 'TEST_DATABASE_URL',
    lane: 'direct',
  },
  {
    sentence: 'The tests of replicas and licensing pass through PgBouncer',
    command: [process.execPath, 'scripts/check-pgbouncer.mjs'],
    needs: 'TEST_DATABASE_URL',
    suite: 'pgbouncer',
    lane: 'pooled',
  },
  {
    sentence: 'The unit tests pass on the newest supported release of Node',
    command: [process.execPath, 'scripts/check-nodes.mjs'],
    lane: 'pooled',
  },
  {
    sentence: 'The quickstart starts, does what its lines say and survives a kill',
    command: [process.execPath, 'scripts/check-quickstart.mjs'],
    lane: 'pooled',
  },
];
const LANES = ['direct', 'pooled'];
const DUE = (process.env.DUE_SUITES ?? '').split(',');

// Found where it is; `node scripts/check-alerts.mjs --fetch` brings it.
const promtool = spawnSync(process.execPath, ['scripts/check-alerts.mjs', '--find'], { cwd: ROOT });
if (promtool.status === 0) process.env.PROMTOOL = promtool.stdout.toString().trim();

/** A check that cannot run here ends with this, and has said why. */
const SKIPPED = 77;

const words = process.argv.slice(2).map((word) => word.toLowerCase());
const chosen = CHECKS.filter(({ sentence }) => words.every((word) => sentence.toLowerCase().includes(word)));
if (chosen.length === 0) {
  console.error(
    `There is no check with ${words.map((word) => `“${word}”`).join(' and ')} in its name. There are:`,
  );
  for (const { sentence } of CHECKS) console.error(`  ${sentence}`);
  process.exit(2);
}
const count = { passed: 0, failed: 0, skipped: 0 };
const summary = [];
const cheap = chosen.filter(({ lane }) => lane === undefined);
const runCheap = async () => {
  for (let check = cheap.shift(); check !== undefined; check = cheap.shift()) await run(check);
};
await Promise.all([runCheap(), runCheap()]);
// Side by side: what computes on one core leaves the other to what waits.
await Promise.all(
  LANES.map(async (lane) => {
    for (const check of chosen.filter((one) => one.lane === lane)) await run(check);
  }),
);
console.log(summary.join('\n'));
console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
process.exitCode = count.failed > 0 ? 1 : 0;

/** Runs a check. What it says comes at its end, in one piece, where others run beside it. */
async function run({ sentence, command: [command, ...args], needs, suite }) {
  if (needs !== undefined && !process.env[needs]) {
    count.skipped += 1;
    console.log(`skipped  ${sentence}: ${needs} is not set`);
    return;
  }
  if (DUE.includes(suite)) {
    count.skipped += 1;
    console.log(`skipped  ${sentence}: its long suite is due, and runs whole after this`);
    return;
  }
  const isBeside = chosen.length > 1;
  if (isBeside) console.log(`begun    ${sentence}`);
  const started = performance.now();
  const out = isBeside ? 'pipe' : 'inherit';
  const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', out, out] });
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes) => said.push(bytes));
  const [status] = await once(child, 'close');
  process.stdout.write(Buffer.concat(said));
  if (status === SKIPPED) {
    count.skipped += 1;
    console.log(`skipped  ${sentence}`);
    return;
  }
  const passed = status === 0;
  count[passed ? 'passed' : 'failed'] += 1;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${passed ? 'passed ' : 'FAILED '}  ${sentence} (${seconds} s)`);
  summary.push(`${passed ? 'passed' : 'FAILED'} ${seconds.padStart(8)} s  ${sentence}`);
}
