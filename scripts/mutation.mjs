// Mutation testing: changes the rules of src/domain and the guard in src/access one place at a time, and looks whether
// a test goes red. The share of changes that do not go unnoticed has to be 90 % or more.
//
//   npm run mutation                                      everything
//   npm run mutation -- --mutate src/domain/license.ts    one file, or several with commas between them
//   npm run mutation -- --force                           also what .stryker-tmp/incremental.json knows from before
//   npm run mutation -- --concurrency 1                   on one core; what `stryker run` takes, this takes
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import createTemplate from '../test/support/global-setup.mjs';
import removeTemplate from '../test/support/global-teardown.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const STRYKER = fileURLToPath(
  new URL('../node_modules/@stryker-mutator/core/bin/stryker.js', import.meta.url),
);
const REPORT = fileURLToPath(new URL('../.stryker-tmp/mutation.json', import.meta.url));
const DETECTED = ['Killed', 'Timeout'];
const UNDETECTED = ['Survived', 'NoCoverage'];

const started = Date.now();
// Jest would make the empty database that the guard's test copies anew for each of a thousand runs.
await createTemplate();
try {
  const { status } = spawnSync(process.execPath, [STRYKER, 'run', ...process.argv.slice(2)], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
} finally {
  await removeTemplate();
}
if (existsSync(REPORT)) summarize(JSON.parse(readFileSync(REPORT, 'utf8')));

/** The table of docs/verification.md. */
function summarize({ files }) {
  const rows = Object.entries(files).map(([name, { mutants }]) => [name, mutants]);
  console.log('\n| file | score | killed | timeout | survived | not covered | no run |');
  console.log('|---|---|---|---|---|---|---|');
  for (const [name, mutants] of rows.sort(([a], [b]) => (a < b ? -1 : 1))) console.log(row(name, mutants));
  console.log(
    row(
      'all',
      rows.flatMap(([, mutants]) => mutants),
    ),
  );
  console.log(`\nTook ${Math.round((Date.now() - started) / 60_000)} minutes.`);
}

function row(name, mutants) {
  const count = (...statuses) => mutants.filter(({ status }) => statuses.includes(status)).length;
  const judged = count(...DETECTED, ...UNDETECTED);
  const score = judged === 0 ? '–' : `${((100 * count(...DETECTED)) / judged).toFixed(1)} %`;
  const rest = mutants.length - judged;
  return `| ${[name, score, ...['Killed', 'Timeout', 'Survived', 'NoCoverage'].map((s) => count(s)), rest].join(' | ')} |`;
}
