import type { Labels, Metrics } from '../metrics/metrics.js';
import { ServiceError } from '../domain/service-error.js';

const FETCHES = {
  outcome: ['ok', 'issuer.unavailable', 'issuer.timeout', 'issuer.bad-response', 'file.unreadable'],
} as const;

/**
 * What became of a token that names a key which is not known: a fetch for it, a place with one that was under
 * way, or nothing, as there was one lately.
 */
const SEEKS = { answer: ['fetched', 'joined', 'suppressed'] } as const;

export type Seek = (typeof SEEKS)['answer'][number];

/** The key set at a moment. */
export interface KeySetFigures {
  readonly usable: number;
  /** Of the set that was read last, which is not the one in use when none of its keys can be used. */
  readonly skipped: number;
  /** Seconds since the set in use was fetched; undefined without one, as the next. */
  readonly age: number | undefined;
  /** For how many more seconds it is good if it can never be fetched again; `Infinity` for a file. */
  readonly remaining: number | undefined;
}

/** What the metrics tell of the issuer's keys. */
export class KeySetMetrics {
  readonly #fetched: (labels: Labels<typeof FETCHES>) => void;
  readonly #sought: (labels: Labels<typeof SEEKS>) => void;

  /** @param read - the figures now */
  constructor(metrics: Metrics, read: () => KeySetFigures) {
    metrics.gauge(
      'licentia_key_set_keys',
      "The issuer's keys: usable ones in use, and skipped ones of the key set that was read last.",
      { state: ['usable', 'skipped'] },
      ({ state }) => read()[state],
    );
    metrics.gauge(
      'licentia_key_set_age_seconds',
      "Time since the issuer's keys were fetched, over restarts too.",
      {},
      () => read().age,
    );
    metrics.gauge(
      'licentia_key_set_remaining_seconds',
      "Time for which the issuer's keys are good if they cannot be fetched again; +Inf for a file.",
      {},
      () => read().remaining,
    );
    this.#fetched = metrics.counter(
      'licentia_key_set_fetches_total',
      "Tries to fetch the issuer's keys, by what came of them.",
      FETCHES,
    );
    this.#sought = metrics.counter(
      'licentia_key_set_unknown_kids_total',
      'Tokens that named a key which was not held, by what was done about it.',
      SEEKS,
    );
  }

  sought(answer: Seek): void {
    this.#sought({ answer });
  }

  fetched(): void {
    this.#fetched({ outcome: 'ok' });
  }

  /** Counts a fetch that failed; what is no error of the issuer's is the file's. */
  failed(error: unknown): void {
    const code = error instanceof ServiceError ? error.code : undefined;
    this.#fetched({ outcome: FETCHES.outcome.find((known) => known === code) ?? 'file.unreadable' });
  }
}
