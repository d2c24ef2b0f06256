// Runs the long test suites in full and records the commit on which each passed. `npm test` and `npm run check` run a sample of them.
//
//   npm run verify                       every long suite; writes test/verified.json for those that pass
//   npm run verify -- vectors compose    those alone
//   node scripts/verify.mjs --due        those that something has changed for since they passed; records nothing (CI)
//   node scripts/verify.mjs --list       each suite, and whether it is due
//   node scripts/verify.mjs --help
//
// Ends with 0 when all is well, 1 when a suite failed, 2 for a suite that does not exist or uncommitted changes.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { LONG_SUITES } from './long-suites.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const RECORD = fileURLToPath(new URL('../test/verified.json', import.meta.url));
/** A suite that cannot run here ends with this, and has said why. */
const SKIPPED = 77;
const LONGEST_MS = 30 * 60_000;
/** What every suite depends on. */
const ALWAYS = [
  'package-lock.json',
  'jest.config.js',
  'scripts/test.mjs',
  'scripts/long-suites.mjs',
  'scripts/verify.mjs',
];
const jest = (...paths) => [process.execPath, 'scripts/test.mjs', ...paths];

/** A suite is due when one of its paths differs from the commit on which it last passed. */
const SUITES = [
  ...LONG_SUITES.map(({ name, files, paths }) => ({ name, paths, command: jest(...files) })),
  {
    name: 'database-faults',
    paths: ['src', ':!src/issuer-server', ':!src/issuer', 'test/database-faults', 'test/support'],
    command: jest('test/database-faults'),
  },
  {
    name: 'compose',
    paths: [
      ...[
        'Dockerfile',
        '.dockerignore',
        'docker-compose.yml',
        'deploy',
        'scripts/compose',
        'scripts/check-compose.mjs',
      ],
      ...[
        'package.json',
        'tsconfig.build.json',
        'nest-cli.json',
        'src/*.ts',
        'src/config',
        'src/database',
        'src/schema',
        'src/health',
      ],
      ...['src/output', 'src/issuer-server/main.ts', 'src/issuer-server/migrations'],
    ],
    command: ['npm', 'run', '--silent', 'compose:check'],
  },
];

const args = process.argv.slice(2);
const names = args.filter((argument) => !argument.startsWith('--'));
const unknown = names.filter((name) => SUITES.every((suite) => suite.name !== name));
const record = JSON.parse(readFileSync(RECORD, 'utf8'));

if (args.includes('--help')) {
  const lines = readFileSync(new URL(import.meta.url), 'utf8')
    .split('\n')
    .slice(0, 9);
  console.log(lines.map((line) => line.replace(/^\/\/ ?/, '')).join('\n'));
} else if (unknown.length > 0) {
  console.error(
    `There is no suite ${unknown.join(', ')}. There are: ${SUITES.map(({ name }) => name).join(', ')}`,
  );
  process.exitCode = 2;
} else if (args.includes('--list')) {
  for (const suite of SUITES) console.log(sentence(suite));
} else if (args.includes('--due')) {
  for (const suite of SUITES) console.log(sentence(suite));
  process.exitCode = (await run(SUITES.filter((suite) => reasonOf(suite) !== undefined))).failed > 0 ? 1 : 0;
} else if (git('status', '--porcelain').stdout !== '') {
  console.error('There are uncommitted changes: commit them first, as a record names a commit.');
  process.exitCode = 2;
} else {
  const commit = git('rev-parse', 'HEAD').stdout.trim();
  const { passed, failed } = await run(
    SUITES.filter(({ name }) => names.length === 0 || names.includes(name)),
  );
  for (const { name } of passed) record[name] = { commit, date: new Date().toISOString().slice(0, 10) };
  writeFileSync(RECORD, `${JSON.stringify(record, undefined, 2)}\n`);
  if (passed.length > 0) console.log('Recorded in test/verified.json: commit it.');
  process.exitCode = failed > 0 ? 1 : 0;
}

/** Two suites at a time: most of them are one file, and wait for much of their time. */
async function run(suites) {
  const waiting = [...suites];
  const outcomes = [];
  const work = async () => {
    for (let suite = waiting.shift(); suite !== undefined; suite = waiting.shift())
      outcomes.push(await runOne(suite));
  };
  await Promise.all([work(), work()]);
  for (const { suite, outcome, seconds } of outcomes) {
    console.log(`${outcome.padEnd(7)} ${seconds.toFixed(1).padStart(8)} s  ${suite.name}`);
  }
  return {
    passed: outcomes.filter(({ outcome }) => outcome === 'passed').map(({ suite }) => suite),
    failed: outcomes.filter(({ outcome }) => outcome === 'FAILED').length,
  };
}

/** Runs a suite. What it says comes at its end, in one piece. */
async function runOne(suite) {
  console.log(`The suite ${suite.name}, in full`);
  const started = performance.now();
  const [command, ...rest] = suite.command;
  const child = spawn(command, rest, {
    cwd: ROOT,
    env: { ...process.env, TEST_GEAR: 'full' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LONGEST_MS,
  });
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => said.push(bytes));
  const [status] = await once(child, 'close');
  process.stdout.write(Buffer.concat(said));
  const outcome = status === 0 ? 'passed' : status === SKIPPED ? 'skipped' : 'FAILED';
  return { suite, outcome, seconds: (performance.now() - started) / 1000 };
}

/** Why a suite has to run again; undefined where nothing that it depends on has changed. */
function reasonOf({ name, paths }) {
  const commit = record[name]?.commit;
  if (commit === undefined) return 'no commit is recorded';
  const { status } = git('diff', '--quiet', commit, 'HEAD', '--', ...ALWAYS, ...paths);
  if (status === 0) return undefined;
  return status === 1
    ? `something changed since ${commit.slice(0, 12)}`
    : `the commit ${commit.slice(0, 12)} is not here`;
}

function sentence(suite) {
  const reason = reasonOf(suite);
  return reason === undefined
    ? `${suite.name}: passed on ${record[suite.name].commit.slice(0, 12)}, and nothing that it depends on has changed`
    : `${suite.name}: due, as ${reason}`;
}

function git(...parameters) {
  return spawnSync('git', parameters, { cwd: ROOT, encoding: 'utf8' });
}
