import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { forecastSeats, type SeatForecast, type UsagePoint } from '../domain/usage/forecast.js';
import type { SeatPool, SeatPoolName } from '../domain/usage/seat-terms.js';
import { UsageDayStore } from './days/usage-day.store.js';
import { UsageDays } from './days/usage-days.js';
import { UsageClock } from './usage-clock.js';

const DAYS_BACK = 90;

/** When the first seats run out, and which. */
export interface PoolForecast extends SeatForecast {
  readonly pool: SeatPoolName;
}

interface LoadedDay {
  readonly day: number;
  readonly used: ReadonlyMap<string, number>;
}

/** Forecasts by the closed days, which are read when there is another one. */
@Injectable()
export class UsageForecaster {
  #loaded: { readonly openDay: number; readonly days: readonly LoadedDay[] } | undefined;

  constructor(
    private readonly database: Database,
    private readonly dayStore: UsageDayStore,
    private readonly days: UsageDays,
    private readonly clock: UsageClock,
  ) {}

  /**
   * @returns of the pool that fills first; undefined where none does, and before the days could be read
   * @throws ServiceError `database.unavailable` where they cannot be read
   */
  async forecast(pools: readonly SeatPool[]): Promise<PoolForecast | undefined> {
    // Not once a day: yesterday may be open by the clock of the server for seconds more.
    await this.days.closePast();
    const { openDay, today } = this.clock;
    if (openDay === undefined) return undefined;
    if (this.#loaded?.openDay !== openDay) this.#loaded = { openDay, days: await this.#load(openDay) };
    const { days } = this.#loaded;
    const found = pools.flatMap(({ name, limit }) => {
      const forecast = limit === undefined ? undefined : forecastSeats(pointsOf(days, name), limit, today);
      return forecast === undefined ? [] : [{ pool: name, ...forecast }];
    });
    return found.sort((a, b) => a.day - b.day)[0];
  }

  async #load(openDay: number): Promise<LoadedDay[]> {
    const closed = await this.database.read((manager) =>
      this.dayStore.closed(manager, openDay - DAYS_BACK, openDay - 1, DAYS_BACK),
    );
    return closed.map(({ day, content }) => {
      const { pools } = JSON.parse(content) as { pools: { name: string; used: number }[] };
      return { day, used: new Map(pools.map(({ name, used }) => [name, used])) };
    });
  }
}

/** The days on which there was such a pool. */
function pointsOf(days: readonly LoadedDay[], pool: SeatPoolName): UsagePoint[] {
  return days.flatMap(({ day, used: pools }) => {
    const used = pools.get(pool);
    return used === undefined ? [] : [{ day, used }];
  });
}
