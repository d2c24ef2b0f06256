import type { Labels, Metrics } from '../metrics/metrics.js';

/** Upper bounds, seconds: from a check out of memory to a renewal that waits for the issuer. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Everything else is `other`: a caller may invent methods. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
/** Stands for every path that is none of ours. */
const UNMATCHED = 'unmatched';
const MALFORMED = { status: ['400', '408', '431'] } as const;

type Observer = (seconds: number) => void;

/** How long answers took, and what never became a request. */
export class HttpMetrics {
  readonly #duration: (labels: Readonly<Record<'method' | 'route' | 'status', string>>) => Observer;
  readonly #malformed: (labels: Labels<typeof MALFORMED>) => void;
  /** By route, method and status: one observer each, so that an observation is a look-up and an addition. */
  readonly #observers = new Map<string, Map<string, Map<number, Observer>>>();

  constructor(metrics: Metrics) {
    this.#duration = metrics.histogram(
      'licentia_http_request_duration_seconds',
      'Time from the arrival of a request to the end of its answer, by method, pattern of the route and status (499: the client went away).',
      BUCKETS,
    );
    this.#malformed = metrics.counter(
      'licentia_http_malformed_requests_total',
      'Requests that could not be read as HTTP, by the status that they were refused with.',
      MALFORMED,
    );
  }

  /**
   * Counts a request that is over.
   * @param route - the pattern of the route; undefined where none matched
   */
  observe(route: string | undefined, method: string | undefined, status: number, seconds: number): void {
    this.#observer(route ?? UNMATCHED, method ?? '', status)(seconds);
  }

  /** Counts what was refused before there was a request. */
  malformed(status: 400 | 408 | 431): void {
    this.#malformed({ status: `${status}` });
  }

  #observer(route: string, method: string, status: number): Observer {
    const known = METHODS.has(method) ? method : 'other';
    const byMethod = this.#observers.get(route) ?? new Map<string, Map<number, Observer>>();
    if (byMethod.size === 0) this.#observers.set(route, byMethod);
    const byStatus = byMethod.get(known) ?? new Map<number, Observer>();
    if (byStatus.size === 0) byMethod.set(known, byStatus);
    let observer = byStatus.get(status);
    if (observer === undefined) {
      observer = this.#duration({ method: known, route, status: String(status) });
      byStatus.set(status, observer);
    }
    return observer;
  }
}
