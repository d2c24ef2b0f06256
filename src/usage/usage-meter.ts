import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Database } from '../database/database.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import { ServiceError } from '../domain/service-error.js';
import type { SubjectGroup } from '../domain/usage/seat-count.js';
import { UsageDays } from './days/usage-days.js';
import { UsageClock } from './usage-clock.js';
import { UsageSubjectStore } from './subjects/usage-subject.store.js';

/** Who counts, as the database said at a moment. */
export interface Measurement {
  readonly groups: readonly SubjectGroup[];
  /** Unix seconds. */
  readonly measuredAt: number;
  /** How long ago, seconds: by a clock that nobody sets. */
  readonly age: number;
}

/** Reads the counts, and remembers them for the time when the database is away. */
@Injectable()
export class UsageMeter {
  #last:
    { readonly groups: readonly SubjectGroup[]; readonly at: number; readonly asked: number } | undefined;

  constructor(
    private readonly database: Database,
    private readonly subjects: UsageSubjectStore,
    private readonly days: UsageDays,
    private readonly moments: UsageClock,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The last measurement; undefined before the first. */
  get last(): Measurement | undefined {
    if (this.#last === undefined) return undefined;
    const { groups, at, asked } = this.#last;
    return { groups, measuredAt: at, age: Math.max(0, (this.clock.monotonic() - asked) / 1000) };
  }

  /** Reads the counts of now, when what is over is closed. @throws ServiceError `database.unavailable` */
  async measure(): Promise<Measurement> {
    await this.days.closePast();
    const asked = this.clock.monotonic();
    const groups = await this.database.read((manager) => this.groups(manager));
    return this.#keep(groups, asked);
  }

  /** The same, or the last ones while the database is away. @throws ServiceError `database.unavailable` */
  async latest(): Promise<Measurement> {
    try {
      return await this.measure();
    } catch (error) {
      const isAway = error instanceof ServiceError && error.code === 'database.unavailable';
      if (isAway && this.last !== undefined) return this.last;
      throw error;
    }
  }

  /** The counts that a transaction sees. */
  async groups(manager: EntityManager): Promise<SubjectGroup[]> {
    return this.subjects.groups(manager, this.moments.today);
  }

  #keep(groups: readonly SubjectGroup[], asked: number): Measurement {
    this.#last = { groups, asked, at: this.moments.moment };
    return { groups, measuredAt: this.#last.at, age: 0 };
  }
}
