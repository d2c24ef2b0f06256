import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { ServiceError } from '../domain/service-error.js';
import type { SubjectKind } from '../domain/usage/subject.js';
import { explainSubject, type SubjectExplanation } from '../domain/usage/subject-explanation.js';
import { sightSubject } from '../domain/usage/subject-record.js';
import { dayOf } from '../domain/usage/usage-window.js';
import { CurrentTerms } from './current-terms.js';
import { type ClosedDay, UsageDayStore } from './days/usage-day.store.js';
import { UsageDays } from './days/usage-days.js';
import { Refusals } from './subjects/refusals.js';
import { SeenBuffer } from './subjects/seen-buffer.js';
import { SubjectHasher } from './subjects/subject-hasher.js';
import { type Denial, type DenialPosition, UsageDenialStore } from './subjects/usage-denial.store.js';
import { UsageSubjectStore } from './subjects/usage-subject.store.js';
import { UsageClock } from './usage-clock.js';

/** So many days are shown at a time. */
export const MAX_DAYS_SHOWN = 800;

const DEFAULT_DAYS_SHOWN = 30;

/** A subject by its hash, and whether it counts. */
export interface ExplainedSubject extends SubjectExplanation {
  readonly subject: string;
}

/** Explains each number: who counts and why, who was refused, and how it was on each day. */
@Injectable()
export class UsageReader {
  constructor(
    private readonly database: Database,
    private readonly hasher: SubjectHasher,
    private readonly buffer: SeenBuffer,
    private readonly subjects: UsageSubjectStore,
    private readonly denialStore: UsageDenialStore,
    private readonly refusals: Refusals,
    private readonly dayStore: UsageDayStore,
    private readonly days: UsageDays,
    private readonly terms: CurrentTerms,
    private readonly clock: UsageClock,
  ) {}

  /** @throws ServiceError `database.unavailable`, `issuer.unavailable` while nothing can be said of the license */
  async explain(subject: string, kind: SubjectKind = 'user'): Promise<ExplainedSubject> {
    const terms = this.terms.current();
    await this.days.closePast();
    await this.hasher.start();
    const hash = this.hasher.hash(kind, subject);
    // Before the read: what does not wait any more is stored.
    const waiting = this.buffer.find(hash);
    const known = await this.database.read((manager) => this.subjects.read(manager, [hash]));
    const { moment } = this.clock;
    const stored = known.get(hash);
    const record = waiting === undefined ? stored : sightSubject(stored, waiting, dayOf(moment));
    return { subject: hash, ...explainSubject(record, terms, moment) };
  }

  /** All of them, in the order of the hashes. @param after - the last one of the page before */
  async page(after: string, limit: number): Promise<ExplainedSubject[]> {
    const terms = this.terms.current();
    await this.days.closePast();
    const page = await this.database.read((manager) => this.subjects.page(manager, after, limit));
    const { moment } = this.clock;
    return page.map(([subject, record]) => ({ subject, ...explainSubject(record, terms, moment) }));
  }

  /** The refusals, the newest days first. */
  async denials(after: DenialPosition | undefined, limit: number): Promise<Denial[]> {
    await this.refusals.flush();
    return this.database.read((manager) => this.denialStore.page(manager, after, limit));
  }

  /**
   * The closed days of a range, the oldest first; the last thirty unless it says otherwise.
   * @throws ServiceError `bad-request` for a range that ends before it begins, or is too long
   */
  async closedDays(from?: number, to?: number): Promise<ClosedDay[]> {
    const last = to ?? dayOf(this.clock.earliest) - 1;
    const first = from ?? last - DEFAULT_DAYS_SHOWN + 1;
    if (to !== undefined && first > to) throw refuse('from must not be after to');
    if (last - first >= MAX_DAYS_SHOWN) throw refuse(`from and to can be ${MAX_DAYS_SHOWN} days at most`);
    await this.days.closePast();
    return this.database.read((manager) => this.dayStore.closed(manager, first, last, MAX_DAYS_SHOWN));
  }
}

function refuse(detail: string): ServiceError {
  return new ServiceError('bad-request', undefined, { detail });
}
