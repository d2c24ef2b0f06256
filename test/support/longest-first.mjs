import Sequencer from '@jest/test-sequencer';

/** The longest files, longest first: `npm test` prints the slowest ten at its end. */
const LONGEST = [
  'test/licensing/renewal/renewal-interleavings.spec.ts',
  'test/e2e/licensing/vectors.e2e.ts',
  'test/e2e/issuer/faults.e2e.ts',
  'test/schema/upgrade.spec.ts',
  'test/schema/migrations.spec.ts',
  'test/e2e/licensing/sources.e2e.ts',
  'test/database/embedded-driver.spec.ts',
  'test/process/main.spec.ts',
  'test/e2e/licensing/keys.e2e.ts',
  'test/e2e/access/limits.e2e.ts',
  'test/issuer-server/main.spec.ts',
  'test/e2e/licensing/queue.e2e.ts',
  'test/contract/lock-file.spec.ts',
];

const indexOf = (path) => {
  const found = LONGEST.findIndex((file) => path.endsWith(`/${file}`));
  return found === -1 ? LONGEST.length : found;
};

/** Starts the longest files first, so that no worker is left alone with one at the end. Without it, jest goes by file size. */
export default class LongestFirst extends Sequencer {
  async sort(tests) {
    const sorted = await super.sort(tests);
    return [...sorted].sort((a, b) => indexOf(a.path) - indexOf(b.path));
  }
}
