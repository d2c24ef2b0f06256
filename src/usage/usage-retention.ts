import { setTimeout as sleep } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Periodic } from '../clock/periodic.js';
import { Database } from '../database/database.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import { MAX_EVENT_AGE } from '../domain/usage/usage-event.js';
import { dayOf } from '../domain/usage/usage-window.js';
import { UsageClock } from './usage-clock.js';
import { UsageSessions } from './sessions/usage-sessions.js';
import { UsageDeletionStore } from './subjects/usage-deletion.store.js';
import { UsageDenialStore } from './subjects/usage-denial.store.js';
import { UsageSubjectStore } from './subjects/usage-subject.store.js';

/** Thirteen months, days. */
const KEPT_DAYS = 397;
const EVERY_MS = 3_600_000;
/** How soon it begins after a start, and goes on after a failure, milliseconds. */
const LOOK_MS = 10_000;
/**
 * Others have so many times the length of each transaction that looks at subjects: the embedded database works in this
 * process.
 */
const PAUSES = 4;
const MAX_PAUSE_MS = 500;

/** Deletes what is old, in short transactions, beside everything else. Closed days stay. */
@Injectable()
export class UsageRetention implements BeforeApplicationShutdown {
  readonly #logger = new Logger(UsageRetention.name);
  readonly #looks = new Periodic(LOOK_MS, () => this.#look());
  #prunedAt = -Infinity;
  /** All days before it are deleted. */
  #prunedDay = -Infinity;
  #isEnding = false;
  #isFailing = false;

  constructor(
    private readonly database: Database,
    private readonly subjects: UsageSubjectStore,
    private readonly denials: UsageDenialStore,
    private readonly deletions: UsageDeletionStore,
    private readonly sessions: UsageSessions,
    private readonly moments: UsageClock,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  start(): void {
    this.#looks.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#isEnding = true;
    await this.#looks.stop();
  }

  /** Once an hour. @throws ServiceError `database.unavailable` */
  async prune(): Promise<void> {
    const now = this.clock.monotonic();
    if (now - this.#prunedAt < EVERY_MS) return;
    const present = this.moments.earliest;
    await this.#pruneDays(dayOf(present) - KEPT_DAYS);
    // No report from before can come any more.
    const reported = present - MAX_EVENT_AGE;
    await this.#all((manager) => this.deletions.prune(manager, reported));
    await this.sessions.prune();
    if (this.#isEnding) return;
    this.#prunedAt = now;
  }

  /** What is old by its day: once for each day, as it looks at every subject. */
  async #pruneDays(day: number): Promise<void> {
    if (day <= this.#prunedDay) return;
    await this.#pruneSubjects(day);
    await this.#all((manager) => this.denials.prune(manager, day));
    if (this.#isEnding) return;
    await this.database.transaction((manager) => this.subjects.pruneCounts(manager, day));
    this.#prunedDay = day;
  }

  async #pruneSubjects(day: number): Promise<void> {
    let after: string | undefined = '';
    while (!this.#isEnding && after !== undefined) {
      const last: string = after;
      const begun = this.clock.monotonic();
      after = await this.database.transaction((manager) => this.subjects.prune(manager, day, last));
      await sleep(Math.min(MAX_PAUSE_MS, PAUSES * (this.clock.monotonic() - begun)));
    }
  }

  /** The end of the process does not wait for all. @param some - deletes some, and says whether there may be more */
  async #all(some: (manager: EntityManager) => Promise<boolean>): Promise<void> {
    while (!this.#isEnding && (await this.database.transaction(some)));
  }

  async #look(): Promise<void> {
    try {
      await this.prune();
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) this.#logger.warn({ msg: 'old usage cannot be deleted yet', err: error });
      this.#isFailing = true;
    }
  }
}
