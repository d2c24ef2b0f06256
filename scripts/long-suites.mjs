// The long test suites. `npm test` and `npm run check` run a part of each; `npm run verify` runs them in full, and CI those that are due.

/**
 * `files`: the tests, as jest takes them. `paths`: what the outcome depends on, as git takes them.
 * `hasOwnSample`: its tables are sampled by the tests themselves, else a quarter of its tests run.
 */
export const LONG_SUITES = [
  {
    name: 'interleavings',
    files: ['test/licensing/renewal/renewal-interleavings'],
    paths: [
      ...['src/licensing', 'src/domain', 'src/database', 'src/schema', 'src/snapshot', 'src/audit'],
      ...['test/licensing', 'test/support'],
    ],
  },
  {
    name: 'vectors',
    files: ['test/e2e/licensing/vectors'],
    paths: [
      ...['src/licensing', 'src/domain', 'src/issuer', 'src/http'],
      ...['vectors', 'test/e2e/licensing', 'test/support'],
    ],
    hasOwnSample: true,
  },
  {
    name: 'issuer-faults',
    files: ['test/e2e/issuer/faults'],
    paths: [
      ...['src/licensing', 'src/domain', 'src/issuer', 'src/http'],
      ...['test/e2e/issuer', 'test/e2e/licensing', 'test/support'],
    ],
    hasOwnSample: true,
  },
  {
    name: 'sources',
    files: ['test/e2e/licensing/sources', 'test/e2e/licensing/keys', 'test/e2e/issuer/outside'],
    paths: [
      ...['src/licensing', 'src/domain', 'src/issuer', 'src/snapshot', 'src/config', 'src/http'],
      ...['test/e2e/licensing', 'test/e2e/issuer', 'test/support'],
    ],
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
  },
  {
    name: 'embedded-database',
    files: ['test/database/embedded-driver'],
    paths: ['src/database', 'test/database', 'test/support'],
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
  },
  {
    name: 'documents',
    files: ['test/documents/command-blocks', 'test/documents/air-gap', 'test/examples/examples'],
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
  },
  {
    name: 'fuzzing',
    files: ['test/fuzz/operations', 'test/fuzz/naughty-text'],
    paths: [
      ...['docs/openapi.yaml', 'src/http', 'src/access', 'src/accounts', 'src/licensing', 'src/domain'],
      ...['test/fuzz', 'test/support'],
    ],
  },
];
