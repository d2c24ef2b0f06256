import { Inject, Injectable, Logger } from '@nestjs/common';
import { SERVICE_CONFIG, type ServiceConfig } from '../config/service-config.js';
import { countSeats } from '../domain/usage/seat-count.js';
import { warningOf } from '../domain/usage/usage-warning.js';
import { CurrentTerms } from './current-terms.js';
import { UsageClock } from './usage-clock.js';
import type { Measurement } from './usage-meter.js';

/** Logs how full the seats are: a line at each change of the level. */
@Injectable()
export class UsageWarnings {
  readonly #logger = new Logger(UsageWarnings.name);
  readonly #ownLimit: number | undefined;
  readonly #levels: readonly number[];
  #level = 0;

  constructor(
    @Inject(SERVICE_CONFIG) { usage }: ServiceConfig,
    private readonly terms: CurrentTerms,
    private readonly clock: UsageClock,
  ) {
    this.#ownLimit = usage.ownLimit;
    this.#levels = usage.warnPercent;
  }

  /** @throws ServiceError while nothing can be said of the license */
  look({ groups }: Measurement): void {
    const count = countSeats(groups, this.terms.current(), this.clock.moment);
    const { level = 0, of, percent } = warningOf(count, this.#ownLimit, this.#levels);
    if (level === this.#level) return;
    // `level` is the log's own.
    const line = { used: count.used, percent, of, warningLevel: level };
    if (level > this.#level) this.#logger.warn({ msg: 'seats are used up to a level of warning', ...line });
    else this.#logger.log({ msg: 'fewer seats are used: below a level of warning', ...line });
    this.#level = level;
  }
}
