// Mutation testing: changes the rules of src/domain and the guard in src/access one place at a time, and looks whether
// a test goes red. The share of changes that do not go unnoticed has to be 90 % or more.
//
//   npm run mutation                                      everything
//   npm run mutation -- --mutate src/domain/license/license.ts    one file, or several with commas between them
//   npm run mutation -- --force                           also what .stryker-tmp/incremental.json knows from before
//   npm run mutation -- --concurrency 1                   on one core; what `stryker run` takes, this takes
//   npm run mutation -- --record                          writes the result of everything into docs/verification.md
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import createTemplate from '../test/support/global-setup.mjs';
import removeTemplate from '../test/support/global-teardown.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const STRYKER = fileURLToPath(
  new URL('../node_modules/@stryker-mutator/core/bin/stryker.js', import.meta.url),
);
const REPORT = fileURLToPath(new URL('../.stryker-tmp/mutation.json', import.meta.url));
const RECORD = fileURLToPath(new URL('../docs/verification.md', import.meta.url));
const HEADING = '## Mutation testing';
const DETECTED = ['Killed', 'Timeout'];
const UNDETECTED = ['Survived', 'NoCoverage'];

const record = process.argv.includes('--record');
const options = process.argv.slice(2).filter((argument) => argument !== '--record');
if (record && options.some((option) => /^(-m|--mutate)/.test(option))) {
  console.error('Only the result of everything is recorded: leave out --record, or the choice of files.');
  process.exit(2);
}
if (options.some((option) => /^(--testFiles|-t)/.test(option))) {
  // Stryker hands them to jest as names of tests when a mutant is one of code that runs as a module loads: none runs.
  console.error('Choose with --mutate alone: with --testFiles, mutants survive that no test was run for.');
  process.exit(2);
}
// What was found before says nothing of a change in test/support, so a record is never made of it.
if (record) options.push('--force');

const started = Date.now();
rmSync(REPORT, { force: true });
// Jest would make the empty database that the guard's test copies anew for each mutant.
await createTemplate();
try {
  const { status } = spawnSync(process.execPath, [STRYKER, 'run', ...options], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
} finally {
  await removeTemplate();
}
if (existsSync(REPORT)) {
  const table = tableOf(JSON.parse(readFileSync(REPORT, 'utf8')));
  const minutes = Math.ceil((Date.now() - started) / 60_000);
  console.log(`\n${table}\nTook ${minutes} minutes.`);
  if (record && process.exitCode === 0) writeRecord(table, minutes);
}

/** A row for each file and one for all of them, as docs/verification.md has it. */
function tableOf({ files }) {
  const rows = Object.entries(files).map(([name, { mutants }]) => [name, mutants]);
  return [
    '| file | score | killed | timeout | survived | not covered | no verdict |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, mutants]) => row(name, mutants)),
    row(
      'all',
      rows.flatMap(([, mutants]) => mutants),
    ),
  ].join('\n');
}

/** Puts the result in the place of the one before it; the other sections stay as they are. */
function writeRecord(table, minutes) {
  const before = existsSync(RECORD) ? readFileSync(RECORD, 'utf8') : '# Verification\n';
  const kept = before
    .split(/^(?=## )/m)
    .filter((section) => !section.startsWith(HEADING))
    .map((section) => section.trimEnd());
  const commit = execFileSync('git', ['describe', '--always', '--dirty'], {
    cwd: ROOT,
    encoding: 'utf8',
  }).trim();
  const date = new Date().toISOString().slice(0, 10);
  const section = `${HEADING}\n\n\`npm run mutation -- --record\`, ${date}, commit ${commit}, ${minutes} minutes.\n\n${table}`;
  writeFileSync(RECORD, `${[...kept, section].join('\n\n')}\n`);
}

function row(name, mutants) {
  const count = (...statuses) => mutants.filter(({ status }) => statuses.includes(status)).length;
  const judged = count(...DETECTED, ...UNDETECTED);
  const score = judged === 0 ? '–' : `${((100 * count(...DETECTED)) / judged).toFixed(1)} %`;
  const rest = mutants.length - judged;
  return `| ${[name, score, ...['Killed', 'Timeout', 'Survived', 'NoCoverage'].map((s) => count(s)), rest].join(' | ')} |`;
}
