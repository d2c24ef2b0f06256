import { Inject, Injectable } from '@nestjs/common';
import { SERVICE_CONFIG, type ServiceConfig } from '../config/service-config.js';
import { countSeats, type SeatCount } from '../domain/usage/seat-count.js';
import type { SeatPoolName } from '../domain/usage/seat-terms.js';
import { Metrics } from '../metrics/metrics.js';
import { CurrentTerms } from './current-terms.js';
import { UsageClock } from './usage-clock.js';
import { UsageMeter } from './usage-meter.js';

const POOLS = ['all', 'admins_and_editors', 'viewers'] as const satisfies readonly SeatPoolName[];

/** What the metrics tell of seats: by the last measurement, with what counts everything. */
@Injectable()
export class UsageMetrics {
  readonly #denied: (labels: object) => void;

  constructor(
    metrics: Metrics,
    @Inject(SERVICE_CONFIG) { usage: { ownLimit } }: ServiceConfig,
    private readonly meter: UsageMeter,
    private readonly terms: CurrentTerms,
    private readonly clock: UsageClock,
  ) {
    metrics.gauge(
      'licentia_seats_used',
      'Seats in use: of all, or of the roles that share a limit.',
      { pool: POOLS },
      ({ pool }) => this.#pool(pool)?.used,
    );
    metrics.gauge(
      'licentia_seats_limit',
      'Seats that the license includes; left out for any number.',
      { pool: POOLS },
      ({ pool }) => this.#pool(pool)?.limit,
    );
    metrics.gauge('licentia_seats_own_limit', 'The limit that the operator set.', {}, () => ownLimit);
    metrics.gauge(
      'licentia_usage_age_seconds',
      'Time since the seats were counted.',
      {},
      () => this.meter.last?.age,
    );
    this.#denied = metrics.counter(
      'licentia_usage_denials_total',
      'Times that this process refused a subject because no seat was free.',
      {},
    );
  }

  /** Counts refusals. */
  denied(times: number): void {
    for (let index = 0; index < times; index += 1) this.#denied({});
  }

  #pool(name: SeatPoolName): SeatCount['pools'][number] | undefined {
    return this.#count()?.pools.find((pool) => pool.name === name);
  }

  /** Undefined while nothing can be said. */
  #count(): SeatCount | undefined {
    const { last } = this.meter;
    if (last === undefined) return undefined;
    try {
      return countSeats(last.groups, this.terms.current(), this.clock.moment);
    } catch {
      return undefined;
    }
  }
}
