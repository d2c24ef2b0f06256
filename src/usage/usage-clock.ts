import { Inject, Injectable } from '@nestjs/common';
import { BOOT, type ReadBoot } from '../clock/boot.js';
import { ClockWatch } from '../clock/clock-watch.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import { type ClockBase, lookAtClock, usageMoment } from '../domain/usage/usage-moment.js';
import { dayOf } from '../domain/usage/usage-window.js';

/** The time by which usage is recorded, counted and closed: a clock that is ahead does not move it. */
@Injectable()
export class UsageClock {
  #base: ClockBase | undefined;

  constructor(
    private readonly watch: ClockWatch,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(BOOT) private readonly readBoot: ReadBoot,
  ) {
    this.#base = lookAtClock(undefined, this.#now, this.#passed);
  }

  /** The present moment, Unix seconds. */
  get moment(): number {
    const [now, passed, skew] = [this.#now, this.#passed, this.watch.skew('database')];
    this.#base = lookAtClock(this.#base, now, passed);
    const server = skew === undefined ? undefined : now + skew;
    return usageMoment({ now, unset: passed + this.#base.offset, server });
  }

  /** What the wall clock says, believed or not, Unix seconds: for what only has to be plausible. */
  get wall(): number {
    return Math.floor(this.#now);
  }

  /** The present UTC day, days since 1970. */
  get today(): number {
    return dayOf(this.moment);
  }

  get #now(): number {
    return this.clock.now() / 1000;
  }

  /** Sleep of the machine included, where it tells that. */
  get #passed(): number {
    return this.readBoot()?.seconds ?? this.clock.monotonic() / 1000;
  }
}
