import Sequencer from '@jest/test-sequencer';
import { LONG_SUITES } from '../../scripts/long-suites.mjs';

/** The longest files: `npm test` prints the slowest ten at its end. */
const LONGEST = [
  ...LONG_SUITES.flatMap(({ files }) => files),
  ...['test/e2e/licensing/renewal', 'test/e2e/licensing/renew', 'test/e2e/licensing/read-token'],
  ...['test/examples/examples', 'test/e2e/access/limits', 'test/e2e/licensing/queue'],
];

const indexOf = (path) => {
  const found = LONGEST.findIndex((file) => path.includes(`/${file}.`));
  return found === -1 ? LONGEST.length : found;
};

/** Starts the longest files first, so that no worker is left alone with one at the end. Without it, jest goes by file size. */
export default class LongestFirst extends Sequencer {
  async sort(tests) {
    const sorted = await super.sort(tests);
    return [...sorted].sort((a, b) => indexOf(a.path) - indexOf(b.path));
  }
}
