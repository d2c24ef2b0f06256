import { seededRandom } from './random.js';

/** Whether a long suite runs in full (`npm run verify`) or as a sample (`npm test`). */
export const FULL_GEAR = process.env.TEST_GEAR === 'full';

/**
 * The items that a long suite runs: all of them in full gear, else a sample that differs from run to run. The
 * seed is printed; `SAMPLE_SEED` repeats a run.
 * @param title - names the suite in the output
 */
export function sampled<T>(title: string, items: readonly T[], count: number): readonly T[] {
  if (FULL_GEAR || items.length <= count) return items;
  const seed = Number(process.env.SAMPLE_SEED);
  process.stderr.write(`${title}: ${count} of ${items.length}, SAMPLE_SEED=${seed}\n`);
  const random = seededRandom(seed);
  return items
    .map((item, index) => ({ item, index, key: random() }))
    .sort((a, b) => a.key - b.key)
    .slice(0, count)
    .sort((a, b) => a.index - b.index)
    .map(({ item }) => item);
}
