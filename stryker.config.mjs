/** Mutation testing of the rules and of the guard: CONTRIBUTING.md says how, docs/verification.md what came of it. */
export default {
  mutate: [
    'src/domain/**/*.ts',
    'src/access/*.ts',
    // Wiring: a module has nothing to decide, and the end-to-end tests fail without it.
    '!src/access/access.module.ts',
  ],
  testRunner: 'jest',
  testRunnerNodeArgs: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
  // What jest's module registries leave behind in a process grows with every run.
  maxTestRunnerReuse: 25,
  jest: { configFile: 'test/mutation/jest.config.js' },
  coverageAnalysis: 'perTest',
  disableTypeChecks: 'src/**/*.ts',
  concurrency: 2,
  // A mutant that loops for ever is killed by its time; a slow machine must not look like one.
  timeoutMS: 20_000,
  timeoutFactor: 3,
  tempDirName: '.stryker-tmp',
  incremental: true,
  incrementalFile: '.stryker-tmp/incremental.json',
  reporters: ['clear-text', 'progress', 'json'],
  jsonReporter: { fileName: '.stryker-tmp/mutation.json' },
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  thresholds: { high: 95, low: 90, break: 90 },
  ignorePatterns: ['/bench', '/data', '/deploy', '/dist', '/vectors'],
};
