import Sequencer from '@jest/test-sequencer';
import { SAMPLED_FILES } from '../../scripts/long-suites.mjs';

/** The longest files: `npm test` prints the slowest ten at its end. */
const LONGEST = [
  ...[
    'test/fuzz/raw-http',
    'test/database/embedded-damage',
    'test/e2e/licensing/queue-ends',
    'test/process/hung-settings',
  ],
  ...[
    'test/e2e/http/shutdown',
    'test/e2e/http/hostile-input',
    'test/e2e/licensing/renewal',
    'test/e2e/licensing/renew',
  ],
  ...SAMPLED_FILES,
  ...[
    'test/e2e/access/(limits|accounts|matrix)',
    'test/e2e/licensing/(queue|read-token)',
    'test/cli/issuer.spec',
  ],
];

const indexOf = (path) => {
  const found = LONGEST.findIndex((file) => new RegExp(`/${file}`).test(path));
  return found === -1 ? LONGEST.length : found;
};

/** Starts the longest files first, so that no worker is left alone with one at the end. Without it, jest goes by file size. */
export default class LongestFirst extends Sequencer {
  async sort(tests) {
    const sorted = await super.sort(tests);
    return [...sorted].sort((a, b) => indexOf(a.path) - indexOf(b.path));
  }
}
