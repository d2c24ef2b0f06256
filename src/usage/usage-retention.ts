import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import { MAX_EVENT_AGE } from '../domain/usage/usage-event.js';
import { UsageClock } from './usage-clock.js';
import { UsageSessions } from './sessions/usage-sessions.js';
import { UsageDeletionStore } from './subjects/usage-deletion.store.js';
import { UsageDenialStore } from './subjects/usage-denial.store.js';
import { UsageSubjectStore } from './subjects/usage-subject.store.js';

/** Thirteen months, days. */
const KEPT_DAYS = 397;
const EVERY_MS = 3_600_000;

/** Deletes what is old, in short transactions. Closed days stay. */
@Injectable()
export class UsageRetention {
  #prunedAt = -Infinity;

  constructor(
    private readonly database: Database,
    private readonly subjects: UsageSubjectStore,
    private readonly denials: UsageDenialStore,
    private readonly deletions: UsageDeletionStore,
    private readonly sessions: UsageSessions,
    private readonly moments: UsageClock,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Once an hour. @throws ServiceError `database.unavailable` */
  async prune(): Promise<void> {
    const now = this.clock.monotonic();
    if (now - this.#prunedAt < EVERY_MS) return;
    const day = this.moments.today - KEPT_DAYS;
    while (await this.database.transaction((manager) => this.subjects.prune(manager, day)));
    await this.database.transaction((manager) => this.subjects.pruneCounts(manager, day));
    while (await this.database.transaction((manager) => this.denials.prune(manager, day)));
    // No report from before can come any more.
    const reported = this.moments.moment - MAX_EVENT_AGE;
    while (await this.database.transaction((manager) => this.deletions.prune(manager, reported)));
    await this.sessions.prune();
    this.#prunedAt = now;
  }
}
