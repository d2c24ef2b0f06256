// Jest's own runner, for mutants. Stryker tells jest which tests cover a mutant, but not in which files they are, and
// cannot have jest stop at a failure; both make a run several times as long. This runner loads the files that have
// such tests alone, the quickest first, and none after one with a failure.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import JestRunner from 'jest-runner';

/** What the run without a mutant found, for every process of Stryker: they share the sandbox that they work in. */
const KNOWN = join(process.cwd(), '.known-tests.json');

export default class FirstFailureRunner extends JestRunner {
  async runTests(tests, watcher, options) {
    const known = {};
    let failed = false;
    const stop = this.on('test-file-success', ([test, result]) => {
      known[test.path] = {
        milliseconds: result.perfStats.end - result.perfStats.start,
        names: result.testResults.map(({ fullName }) => fullName),
      };
      failed ||= result.numFailingTests > 0;
    });
    const stopToo = this.on('test-file-failure', () => (failed = true));
    const mutated = process.env.__STRYKER_ACTIVE_MUTANT__ !== undefined;
    for (const test of mutated ? this.#worthRunning(tests) : tests) {
      if (mutated && failed) break;
      await super.runTests([test], watcher, options);
    }
    stop();
    stopToo();
    if (!mutated) writeFileSync(KNOWN, JSON.stringify(known));
  }

  #worthRunning(tests) {
    const known = JSON.parse(readFileSync(KNOWN, 'utf8'));
    const pattern = new RegExp(this._globalConfig.testNamePattern ?? '', 'i');
    return tests
      .filter(({ path }) => known[path]?.names.some((name) => pattern.test(name)) ?? true)
      .sort((a, b) => (known[a.path]?.milliseconds ?? 0) - (known[b.path]?.milliseconds ?? 0));
  }
}
