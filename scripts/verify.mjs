// Runs the long test suites in full and records on what each passed. `npm test` and `npm run check` run a sample of them.
//
//   npm run verify                       every long suite; writes test/verified.json for those that pass
//   npm run verify -- vectors compose    those alone
//   node scripts/verify.mjs --due        those that something has changed for since they passed; records nothing (CI)
//   node scripts/verify.mjs --list       each suite, and whether it is due
//   node scripts/verify.mjs --names      the names of those that are due, with commas between them
//   node scripts/verify.mjs --help
//
// Ends with 0 when all is well, 1 when a suite failed, 2 for a suite that does not exist or uncommitted changes.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { LONG_SUITES, NOT_THE_COMMAND } from './long-suites.mjs';
import { findPgBouncer } from './find-pgbouncer.mjs';
import { DIRECT } from './postgres-suites.mjs';

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
  'scripts/postgres-suites.mjs',
  'scripts/verify.mjs',
];
const jest = (...paths) => [process.execPath, 'scripts/test.mjs', ...paths];

/** A suite is due when one of its paths differs from the commit on which it last passed. */
const SUITES = [
  ...LONG_SUITES.map(({ name, files, paths }) => ({
    name,
    paths,
    command: jest(...files),
    isEmbedded: true,
  })),
  {
    name: 'postgres',
    paths: [
      ...NOT_THE_COMMAND,
      'test/postgres',
      'test/schema',
      'test/issuer-server',
      'test/contract',
      'test/support',
    ],
    // Where there is PgBouncer, the rest runs through it.
    command: jest('--only-postgres', ...(findPgBouncer() ? DIRECT : [])),
  },
  {
    name: 'pgbouncer',
    paths: [
      ...NOT_THE_COMMAND,
      ':!src/issuer-server',
      'test/postgres',
      'test/storm',
      'test/e2e',
      'test/usage',
      'test/support',
    ],
    command: [process.execPath, 'scripts/check-pgbouncer.mjs', '--whole'],
  },
  {
    name: 'database-faults',
    paths: [
      ...NOT_THE_COMMAND,
      ':!src/issuer-server',
      ':!src/issuer',
      'test/database-faults',
      'test/support',
    ],
    command: jest('test/database-faults'),
    waits: true,
  },
  ...[
    ['rolling', []],
    ['failover', ['--kill']],
  ].map(([name, options]) => ({
    name,
    paths: [
      ...['src/*.ts', 'src/http', 'src/health', 'src/database', 'deploy/haproxy'],
      ...['scripts/pgbouncer.mjs', 'test/rolling', 'test/support/haproxy.ts', 'test/support/phoenix.ts'],
    ],
    command: [process.execPath, 'scripts/run-typescript.mjs', 'test/rolling/main.ts', ...options],
    waits: true,
  })),
  {
    name: 'nodes',
    paths: [
      ...['src/domain', 'src/config', 'src/access', 'src/http', 'src/issuer', 'src/metrics', 'src/clock'],
      ...['vectors', 'scripts/check-nodes.mjs', 'test/support'],
    ],
    command: [process.execPath, 'scripts/check-nodes.mjs', '--others'],
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
      ...['src/output', 'src/issuer-server/issuer-program.ts', 'src/issuer-server/migrations'],
    ],
    command: ['npm', 'run', '--silent', 'compose:check'],
    waits: true,
  },
];

const args = process.argv.slice(2);
const names = args.filter((argument) => !argument.startsWith('--'));
const unknown = names.filter((name) => SUITES.every((suite) => suite.name !== name));
const record = JSON.parse(readFileSync(RECORD, 'utf8'));

if (args.includes('--help')) {
  const lines = readFileSync(new URL(import.meta.url), 'utf8')
    .split('\n')
    .slice(0, 10);
  console.log(lines.map((line) => line.replace(/^\/\/ ?/, '')).join('\n'));
} else if (unknown.length > 0) {
  console.error(
    `There is no suite ${unknown.join(', ')}. There are: ${SUITES.map(({ name }) => name).join(', ')}`,
  );
  process.exitCode = 2;
} else if (args.includes('--list')) {
  for (const suite of SUITES) console.log(sentence(suite));
} else if (args.includes('--names')) {
  console.log(
    SUITES.filter((suite) => reasonOf(suite) !== undefined)
      .map(({ name }) => name)
      .join(','),
  );
} else if (args.includes('--due')) {
  for (const suite of SUITES) console.log(sentence(suite));
  process.exitCode = (await run(SUITES.filter((suite) => reasonOf(suite) !== undefined))).failed > 0 ? 1 : 0;
} else if (git('status', '--porcelain').stdout !== '') {
  console.error('There are uncommitted changes: commit them first, as a record names a commit.');
  process.exitCode = 2;
} else {
  const commit = git('rev-parse', 'HEAD').stdout.trim();
  // Each at once: what ends this ends an hour of work.
  const keep = (suite) => {
    const date = new Date().toISOString().slice(0, 10);
    record[suite.name] = { commit, date, content: contentOf(suite) };
    writeFileSync(RECORD, `${JSON.stringify(record, undefined, 2)}\n`);
  };
  const { passed, failed } = await run(
    SUITES.filter(({ name }) => names.length === 0 || names.includes(name)),
    keep,
  );
  if (passed.length > 0) console.log('Recorded in test/verified.json: commit it.');
  process.exitCode = failed > 0 ? 1 : 0;
}

/**
 * Two suites at a time that compute, as most of them are one file, and beside them one of those that mostly wait.
 * @param keep - called with each suite that passed
 */
async function run(suites, keep = () => {}) {
  const outcomes = [];
  const work = async (waiting) => {
    for (let suite = waiting.shift(); suite !== undefined; suite = waiting.shift()) {
      const result = await runOne(suite);
      outcomes.push(result);
      if (result.outcome === 'passed') keep(suite);
    }
  };
  const computing = suites.filter(({ waits }) => !waits);
  await Promise.all([work(computing), work(computing), work(suites.filter(({ waits }) => waits))]);
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
  const env = { ...process.env, TEST_GEAR: 'full' };
  // On a server they would prove the same again.
  if (suite.isEmbedded) delete env.TEST_DATABASE_URL;
  const child = spawn(command, rest, {
    cwd: ROOT,
    env,
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
function reasonOf(suite) {
  const passed = record[suite.name];
  if (passed === undefined) return 'it has not passed yet';
  return passed.content === contentOf(suite)
    ? undefined
    : `something changed since ${passed.commit.slice(0, 12)}`;
}

/**
 * @returns a digest of all files that a suite depends on. A commit would do where its history is; a clone without it, or a
 *   squashed branch, holds the same files under other commits.
 */
function contentOf({ paths }) {
  const { stdout } = git('ls-files', '--stage', '--', ...ALWAYS, ...paths);
  return createHash('sha256').update(stdout).digest('hex');
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
