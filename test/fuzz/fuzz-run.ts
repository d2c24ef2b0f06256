import { appendFileSync } from 'node:fs';
import fc from 'fast-check';

/** What a fuzz run is told from outside; `npm run fuzz -- --help` explains it. */
export interface FuzzOptions {
  /** Decides about every request. */
  readonly seed: number;
  /** Requests of all suites together. */
  readonly requests: number;
  /** Where in a property's sequence a finding was, to begin there. */
  readonly path: string | undefined;
}

/** Requests of all suites together in a run of the tests. */
export const DEFAULT_REQUESTS = 20_000;

export const options: FuzzOptions = {
  seed: Number(process.env.FUZZ_SEED ?? 0) | 0,
  requests: Number(process.env.FUZZ_REQUESTS ?? DEFAULT_REQUESTS),
  path: process.env.FUZZ_PATH || undefined,
};

/** Long enough for any number of requests: what hangs is found by the time-out of a single one. */
export const NO_HURRY_MS = 30 * 60_000;

/** Requests out of all that a suite gets. @param share - between 0 and 1 */
export function requestsFor(share: number): number {
  return Math.max(1, Math.round(options.requests * share));
}

/**
 * Holds a property against values of one arbitrary. A finding is told with its seed, its path, the smallest value that
 * still shows it, and the command that shows it again.
 *
 * @param examples - values that are tried in any case, before the random ones
 */
export async function fuzz<T>(
  arbitrary: fc.Arbitrary<T>,
  runs: number,
  property: (value: T) => Promise<void>,
  examples: readonly T[] = [],
): Promise<void> {
  const details = await fc.check(fc.asyncProperty(arbitrary, property), {
    seed: options.seed,
    numRuns: Math.max(1, runs),
    examples: examples.map((value): [T] => [value]),
    ...(options.path === undefined ? {} : { path: options.path }),
  });
  if (!details.failed) return;
  const title = expect.getState().currentTestName ?? '';
  const report = await fc.asyncDefaultReportMessage(details);
  const cause = details.errorInstance;
  const finding = cause instanceof Error ? cause.message : String(cause);
  const again = replayCommand(title, details.counterexamplePath);
  throw new Error(`${finding}\n\n${report}\n\nAgain: ${again}`, { cause });
}

/** The command that shows a finding again. */
export function replayCommand(title: string, path: string | null): string {
  const where = path === null ? '' : ` --path ${path}`;
  return `npm run fuzz -- --seed ${options.seed}${where} --only '${title.replaceAll("'", '.')}'`;
}

/**
 * Tells how many requests a suite sent, by which seed and with which answers, to people and to `scripts/fuzz.mjs`.
 * @param statuses - answers by status; 0 for connections that were closed without one
 */
export function report(suite: string, statuses: ReadonlyMap<number, number>): void {
  const requests = [...statuses.values()].reduce((sum, count) => sum + count, 0);
  const answers = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
  process.stderr.write(
    `fuzz: ${suite}: ${requests.toLocaleString('en-US')} requests, seed ${options.seed} (${answers.join(', ')})\n`,
  );
  const file = process.env.FUZZ_REPORT;
  if (file !== undefined) {
    appendFileSync(file, `${JSON.stringify({ suite, requests, statuses: Object.fromEntries(statuses) })}\n`);
  }
}
