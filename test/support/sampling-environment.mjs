import { createHash } from 'node:crypto';
import { TestEnvironment } from 'jest-environment-node';
import { SAMPLED_FILES } from '../../scripts/long-suites.mjs';

/** Of a long file one test in so many runs. */
const ONE_IN = 10;

/**
 * With `TEST_GEAR=sample`, runs a tenth of the tests of each long file and lists the others as skipped. `SAMPLE_SEED` chooses:
 * the same seed chooses the same tests.
 */
export default class SamplingEnvironment extends TestEnvironment {
  #isSampled;

  constructor(config, context) {
    super(config, context);
    const isLong = SAMPLED_FILES.some((file) => context.testPath.includes(`/${file}.`));
    this.#isSampled = isLong && process.env.TEST_GEAR === 'sample';
  }

  handleTestEvent({ name }, { rootDescribeBlock }) {
    if (name !== 'run_start' || !this.#isSampled) return;
    const chances = testsOf(rootDescribeBlock)
      .filter(({ mode }) => mode !== 'skip' && mode !== 'todo')
      .map((test) => ({ test, chance: chanceOf(test) }))
      .sort((a, b) => a.chance - b.chance);
    for (const { test } of chances.slice(Math.ceil(chances.length / ONE_IN))) test.mode = 'skip';
  }
}

function testsOf({ children }) {
  return children.flatMap((child) => (child.type === 'describeBlock' ? testsOf(child) : [child]));
}

/** A number by title and seed, equally distributed. */
function chanceOf(test) {
  const titles = [];
  for (let block = test; block !== undefined; block = block.parent) titles.push(block.name);
  return createHash('sha256').update(`${process.env.SAMPLE_SEED} ${titles}`).digest().readUInt32BE();
}
