// The long test suites. `npm test` and `npm run check` run a part of each; `npm run verify` runs them in full, and CI those that are due.
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const TESTS = new URL('../test/', import.meta.url);
/** One file in so many of a suite runs, by its part. */
const FILES_ONE_IN = { files: 6, tests: 2, own: 1 };

/** The programs that run on and on. `licentia` is one of its own: none of them has a part of it. */
export const NOT_THE_COMMAND = ['src', ':!src/cli'];

/**
 * `files`: the tests, as jest takes them. `paths`: what the outcome depends on, as git takes them. `part`: what `npm test`
 * runs of it. Of `tests` a part of some files, so no test may need another one of its file; of `files` whole files; `own` is
 * chosen by the tests themselves.
 */
export const LONG_SUITES = [
  {
    name: 'interleavings',
    files: ['test/licensing/renewal/renewal-interleavings'],
    paths: [
      ...['src/licensing', 'src/domain', 'src/database', 'src/schema', 'src/snapshot', 'src/audit'],
      ...['test/licensing', 'test/support'],
    ],
    part: 'tests',
  },
  {
    name: 'vectors',
    files: ['test/e2e/licensing/vectors'],
    paths: [
      ...['src/licensing', 'src/domain', 'src/issuer', 'src/http'],
      ...['vectors', 'test/e2e/licensing', 'test/support'],
    ],
    part: 'own',
  },
  {
    name: 'issuer-faults',
    files: ['test/e2e/issuer/faults'],
    paths: [
      ...['src/licensing', 'src/domain', 'src/issuer', 'src/http'],
      ...['test/e2e/issuer', 'test/e2e/licensing', 'test/support'],
    ],
    part: 'own',
  },
  {
    name: 'sources',
    files: ['test/e2e/licensing/sources', 'test/e2e/licensing/keys', 'test/e2e/issuer/outside'],
    paths: [
      ...['src/licensing', 'src/domain', 'src/issuer', 'src/snapshot', 'src/config', 'src/http'],
      ...['test/e2e/licensing', 'test/e2e/issuer', 'test/support'],
    ],
    part: 'tests',
  },
  {
    name: 'migrations',
    files: [
      ...['test/schema/migrations', 'test/schema/upgrade', 'test/schema/transfer'],
      'test/schema/other-program',
    ],
    paths: [
      ...['src/schema', 'src/issuer-server/migrations', 'src/database', ':(glob)src/**/*.entity.ts'],
      ...['test/schema', 'test/issuer-server', 'test/support'],
    ],
    part: 'tests',
  },
  {
    name: 'embedded-database',
    files: ['test/database/embedded-driver'],
    paths: ['src/database', 'test/database', 'test/support'],
    part: 'tests',
  },
  {
    name: 'issuer-server',
    files: [
      ...['test/issuer-server/keys/key-administration', 'test/issuer-server/keys/key-encryption'],
      ...['test/issuer-server/record/wrong-clock', 'test/issuer-server/record/issuer-identity'],
    ],
    paths: [
      ...['src/issuer-server', 'src/domain', 'src/database', 'src/clock', 'src/http'],
      ...['test/issuer-server', 'test/support'],
    ],
    part: 'tests',
  },
  {
    name: 'processes',
    files: [
      ...['test/process/main', 'test/process/output', 'test/process/clock', 'test/process/permanent-fault'],
      ...['test/process/quickstart', 'test/issuer-server/main'],
    ],
    paths: [
      ...[
        ':(glob)src/*.ts',
        'src/config',
        'src/output',
        'src/database',
        'src/health',
        'src/clock',
        'src/http',
      ],
      ...['src/issuer-server', 'src/licensing/sources', 'test/process', 'test/issuer-server', 'test/support'],
    ],
    part: 'tests',
  },
  {
    name: 'documents',
    files: ['test/documents/(command-blocks|air-gap|lock-down)', 'test/examples/'],
    paths: [
      'README.md',
      'docs',
      'deploy',
      'examples',
      'src',
      'test/documents',
      'test/examples',
      'test/support',
    ],
    part: 'tests',
  },
  {
    name: 'commands',
    files: ['test/cli/', 'test/clients/'],
    paths: [
      ...['src/cli', 'clients', 'docs/openapi.yaml', 'docs/cli.md', 'src/licensing', 'src/http'],
      ...['src/issuer-server', 'test/issuer-server', 'test/cli', 'test/clients', 'test/support'],
    ],
    part: 'files',
  },
  {
    name: 'usage',
    files: ['test/e2e/usage/', 'test/usage/'],
    paths: [
      ...['src/usage', 'src/domain/usage', 'src/database', 'src/snapshot'],
      ...['test/e2e/usage', 'test/usage', 'test/postgres', 'test/support'],
    ],
    part: 'files',
  },
  {
    name: 'page',
    files: ['test/page/'],
    paths: [
      ...['web', 'src/ui', 'src/http', 'src/access', 'src/licensing', 'clients/typescript/src'],
      ...['docs/openapi.yaml', 'test/page', 'test/support'],
    ],
    part: 'tests',
  },
  {
    name: 'fuzzing',
    files: ['test/fuzz/operations', 'test/fuzz/naughty-text'],
    paths: [
      ...['docs/openapi.yaml', 'src/http', 'src/access', 'src/accounts', 'src/licensing', 'src/domain'],
      ...['test/fuzz', 'test/support'],
    ],
    part: 'tests',
  },
  {
    name: 'licensing',
    files: ['test/e2e/licensing/(?!vectors|sources|keys)'],
    paths: [
      ...[
        ...NOT_THE_COMMAND,
        ':!src/issuer-server',
        ':!src/usage',
        ':!src/domain/usage',
        'docs/openapi.yaml',
      ],
      ...['test/e2e/licensing', 'test/support'],
    ],
    part: 'files',
  },
  {
    name: 'access',
    files: ['test/e2e/access/', 'test/e2e/http/', 'test/accounts/'],
    paths: [
      ...[
        ...NOT_THE_COMMAND,
        ':!src/issuer-server',
        ':!src/usage',
        ':!src/domain/usage',
        'docs/openapi.yaml',
      ],
      ...['test/e2e/access', 'test/e2e/http', 'test/accounts', 'test/support'],
    ],
    part: 'files',
  },
  {
    name: 'issuer',
    files: ['test/issuer-server/(?!main|keys/key-|record/)'],
    paths: [
      ...['src/issuer-server', 'src/domain', 'src/database', 'src/clock', 'src/config', 'src/http'],
      ...['test/issuer-server', 'test/support'],
    ],
    part: 'files',
  },
  {
    name: 'damage',
    files: ['test/database/(?!embedded-driver)', 'test/process/hung-settings'],
    paths: ['src/database', 'src/config', 'test/database', 'test/process', 'test/support'],
    part: 'files',
  },
  {
    name: 'wire',
    files: ['test/fuzz/(?!operations|naughty-text)', 'test/support/fake-issuer/runnable'],
    paths: ['src/http', 'src/access', 'test/fuzz', 'test/support'],
    part: 'files',
  },
];

/** Of these a part of the tests runs in each file. */
export const SAMPLED_FILES = LONG_SUITES.filter(({ part }) => part === 'tests').flatMap(({ files }) => files);

/**
 * @param due - names of suites that run whole after it, as in CI
 * @returns the files that a run of `npm test` leaves out: those of suites that are due, and of each other suite all but some
 *   by `seed`
 */
export function leftOut(seed, due = []) {
  return LONG_SUITES.flatMap(({ name, files, part }) => {
    const all = testFiles(files);
    const drawn = due.includes(name) ? [] : draw(all, seed, FILES_ONE_IN[part]);
    return all.filter((file) => !drawn.includes(file));
  });
}

/** @returns one in `oneIn` of these files, chosen by `seed`: the same seed chooses the same ones */
export function draw(files, seed, oneIn = FILES_ONE_IN.files) {
  const chance = (file) => createHash('sha256').update(`${seed} ${file}`).digest('hex');
  return files.toSorted((a, b) => (chance(a) < chance(b) ? -1 : 1)).slice(0, Math.ceil(files.length / oneIn));
}

/** @param patterns - as jest takes them. @returns the test files that match one, as paths in the repository */
export function testFiles(patterns) {
  return readdirSync(fileURLToPath(TESTS), { recursive: true })
    .map((name) => `test/${name}`)
    .filter(
      (file) => /\.(spec|e2e)\.ts$/.test(file) && patterns.some((pattern) => new RegExp(pattern).test(file)),
    );
}
