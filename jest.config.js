const transformer = (parser, transform) => [
  '@swc/jest',
  {
    jsc: { target: 'es2022', parser, transform, keepClassNames: true },
    module: { type: 'es6' },
    sourceMaps: 'inline',
  },
];

/** One configuration for every suite; `npm test` says which databases it runs on. */
export default {
  testEnvironment: '<rootDir>/test/support/sampling-environment.mjs',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.spec.ts', '**/*.spec.tsx', '**/*.e2e.ts'],
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': transformer(
      { syntax: 'typescript', decorators: true },
      { legacyDecorator: true, decoratorMetadata: true },
    ),
    '^.+\\.tsx$': transformer(
      { syntax: 'typescript', tsx: true },
      { react: { runtime: 'automatic', importSource: 'preact' } },
    ),
  },
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  testSequencer: '<rootDir>/test/support/longest-first.mjs',
  // A net alone, for what hangs: a machine that has more to do than this is slow, not wrong.
  testTimeout: 120_000,
};
