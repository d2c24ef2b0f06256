import type { Metrics } from '../metrics/metrics.js';

/** What the metrics tell of callers who were not let in. */
export class AccessMetrics {
  /**
   * Counts one. It has no reason: `/metrics` is open, and `blocked` apart would tell which name is the
   * administrator's.
   */
  readonly passwordFailed: () => void;

  constructor(metrics: Metrics) {
    const count = metrics.counter(
      'licentia_password_failures_total',
      'Names and passwords that were refused: wrong ones, and any of a name that is blocked for its address.',
      {},
    );
    this.passwordFailed = () => count({});
  }
}
