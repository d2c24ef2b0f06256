// Jest's own runner, for mutants. Stryker tells jest which tests cover a mutant, but not in which files they are, and
// cannot have jest stop at a failure; both make a run several times as long. This runner loads the files that have
// such tests alone, and none after one with a failure: first the one that found the last mutant of the same source, then the one
// of its name, then the quickest. For a mutant of code that runs as modules load, that is all there is to choose by.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import JestRunner from 'jest-runner';

/** What the run without a mutant found, for every process of Stryker: they share the sandbox that they work in. */
const KNOWN = join(process.cwd(), '.known-tests.json');

/** By the name of a source: the test file that went red for a mutant of it last. */
const lastFound = new Map();
let sources;

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
    const mutant = process.env.__STRYKER_ACTIVE_MUTANT__;
    const mutated = mutant !== undefined;
    const source = mutated ? sourceOf(mutant) : undefined;
    for (const test of mutated ? this.#worthRunning(tests, source) : tests) {
      await super.runTests([test], watcher, options);
      if (!mutated || !failed) continue;
      lastFound.set(source, test.path);
      break;
    }
    stop();
    stopToo();
    if (!mutated) writeFileSync(KNOWN, JSON.stringify(known));
  }

  #worthRunning(tests, source) {
    const known = JSON.parse(readFileSync(KNOWN, 'utf8'));
    const pattern = new RegExp(this._globalConfig.testNamePattern ?? '', 'i');
    const cost = ({ path }) => {
      if (path === lastFound.get(source)) return -2;
      if (basename(path, '.spec.ts') === source) return -1;
      return known[path]?.milliseconds ?? 0;
    };
    return tests
      .filter(({ path }) => known[path]?.names.some((name) => pattern.test(name)) ?? true)
      .sort((a, b) => cost(a) - cost(b));
  }
}

/** The name of the source that a mutant is in: Stryker has written its number there. */
function sourceOf(mutant) {
  if (sources === undefined) {
    sources = new Map();
    for (const path of readdirSync('src', { recursive: true }).filter((name) => name.endsWith('.ts'))) {
      const code = readFileSync(join('src', path), 'utf8');
      for (const [, id] of code.matchAll(/stryMutAct_\w+\("(\d+)"\)/g))
        sources.set(id, basename(path, '.ts'));
    }
  }
  return sources.get(mutant);
}
