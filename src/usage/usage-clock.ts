import { Inject, Injectable } from '@nestjs/common';
import { BOOT, type ReadBoot } from '../clock/boot.js';
import { ClockWatch } from '../clock/clock-watch.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import { type ClockBase, earliestMoment, lookAtClock, usageMoment } from '../domain/usage/usage-moment.js';
import { dayOf } from '../domain/usage/usage-window.js';

/** The one time by which usage is recorded, counted and closed: a clock that is ahead does not move it. */
@Injectable()
export class UsageClock {
  #base: ClockBase | undefined;
  #openDay: number | undefined;

  constructor(
    private readonly watch: ClockWatch,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(BOOT) private readonly readBoot: ReadBoot,
  ) {
    this.#base = lookAtClock(undefined, this.#now, this.#passed);
  }

  /** The moment by which everything counts: in the open day until that is closed. Unix seconds. */
  get moment(): number {
    return usageMoment(this.earliest, this.#openDay);
  }

  /** The earliest that a clock says, Unix seconds: days before its own are over. */
  get earliest(): number {
    const [now, passed, skew] = [this.#now, this.#passed, this.watch.skew('database')];
    this.#base = lookAtClock(this.#base, now, passed);
    const server = skew === undefined ? undefined : now + skew;
    return earliestMoment({ now, unset: passed + this.#base.offset, server });
  }

  /** What the wall clock says, believed or not, Unix seconds: for what only has to be plausible. */
  get wall(): number {
    return Math.floor(this.#now);
  }

  /** The UTC day of the moment, days since 1970. */
  get today(): number {
    return dayOf(this.moment);
  }

  /** Every day before it is closed, days since 1970; undefined while that is not known. */
  get openDay(): number | undefined {
    return this.#openDay;
  }

  /** Every day before this one is closed. */
  opened(day: number): void {
    this.#openDay = day;
  }

  get #now(): number {
    return this.clock.now() / 1000;
  }

  /** Sleep of the machine included, where it tells that. */
  get #passed(): number {
    return this.readBoot()?.seconds ?? this.clock.monotonic() / 1000;
  }
}
