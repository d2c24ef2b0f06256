import { fileURLToPath } from 'node:url';
import base from '../../jest.config.js';

/**
 * For `npm run mutation`: the fast suites alone, which need neither a build nor a database, and a runner that stops at
 * the first failure.
 */
const { globalSetup: _setup, globalTeardown: _teardown, ...rest } = base;
export default {
  ...rest,
  rootDir: '../..',
  testMatch: ['<rootDir>/test/domain/**/*.spec.ts', '<rootDir>/test/access/**/*.spec.ts'],
  runner: '<rootDir>/test/mutation/first-failure.runner.mjs',
  testEnvironment: fileURLToPath(new URL('first-failure.environment.cjs', import.meta.url)),
};
