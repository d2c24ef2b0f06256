import type { Labels, Metrics } from '../metrics/metrics.js';

const FAILURES = { reason: ['wrong', 'blocked'] } as const;

/** What the metrics tell of callers who were not let in. */
export class AccessMetrics {
  readonly #passwordFailed: (labels: Labels<typeof FAILURES>) => void;

  constructor(metrics: Metrics) {
    this.#passwordFailed = metrics.counter(
      'licentia_password_failures_total',
      'Names and passwords that were refused: wrong ones, and any of a name that is blocked for its address.',
      FAILURES,
    );
  }

  passwordFailed(reason: Labels<typeof FAILURES>['reason']): void {
    this.#passwordFailed({ reason });
  }
}
