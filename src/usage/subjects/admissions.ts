import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Database } from '../../database/database.js';
import type { Actor } from '../../domain/actor.js';
import { type Clock, CLOCK } from '../../domain/clock.js';
import type { Admission } from '../../domain/usage/admission.js';
import {
  type AdmissionRound,
  type Applicant,
  decideRound,
  takesSeat,
} from '../../domain/usage/admission-round.js';
import type { SubjectGroup } from '../../domain/usage/seat-count.js';
import { sightSubject, type SubjectRecord } from '../../domain/usage/subject-record.js';
import { dayOf } from '../../domain/usage/usage-window.js';
import { CallerRights } from '../../snapshot/caller-rights.js';
import { Batch } from '../batch.js';
import { CurrentTerms } from '../current-terms.js';
import { UsageDays } from '../days/usage-days.js';
import { UsageMeter } from '../usage-meter.js';
import { UsageMetrics } from '../usage-metrics.js';
import { ActiveSubjects } from './active-subjects.js';
import { Refusals } from './refusals.js';
import { SubjectRecorder } from './subject-recorder.js';
import { type Denial, UsageDenialStore } from './usage-denial.store.js';
import { UsageSubjectStore } from './usage-subject.store.js';

/** How many are decided about in one transaction. */
const AT_ONCE = 100;

/**
 * Lets people in, exactly. A subject that needs a seat of a limited number is decided about under a lock that all
 * replicas share, so the count stands still meanwhile. A subject that counts already, or is refused, never waits for
 * that lock (docs/decisions/0014-usage.md).
 */
@Injectable()
export class Admissions {
  readonly #open: Batch<Applicant, Admission | undefined>;
  readonly #limited: Batch<Applicant, Admission | undefined>;
  /** Whether the last of them found no seat. */
  #isFull = false;

  constructor(
    private readonly database: Database,
    private readonly subjects: UsageSubjectStore,
    private readonly recorder: SubjectRecorder,
    private readonly denials: UsageDenialStore,
    private readonly refusals: Refusals,
    private readonly days: UsageDays,
    private readonly meter: UsageMeter,
    private readonly terms: CurrentTerms,
    private readonly active: ActiveSubjects,
    private readonly metrics: UsageMetrics,
    private readonly rights: CallerRights,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#open = new Batch((applicants, actors) => this.#openRound(applicants, actors), AT_ONCE, clock);
    this.#limited = new Batch((applicants, actors) => this.#limitedRound(applicants, actors), AT_ONCE, clock);
  }

  /**
   * @throws ServiceError `database.unavailable`, `issuer.unavailable` while nothing can be said of the license, and
   *   those of an actor who lost its rights meanwhile
   */
  async admit(applicant: Applicant, actor: Actor): Promise<Admission> {
    const outcome = (await this.#open.add(applicant, actor)) ?? (await this.#limited.add(applicant, actor));
    if (outcome === undefined) throw new Error('nothing was decided under the lock');
    return outcome;
  }

  /** Takes seats too if the lock is free: it never waits for it. */
  async #openRound(
    applicants: readonly Applicant[],
    actors: readonly Actor[],
  ): Promise<AdmissionRound['outcomes']> {
    return this.#round(applicants, actors, (work) =>
      this.#mayNeedSeat(applicants)
        ? this.database.transactionTrying('admission', work)
        : this.database.transaction((manager) => work(manager, false)),
    );
  }

  async #limitedRound(
    applicants: readonly Applicant[],
    actors: readonly Actor[],
  ): Promise<AdmissionRound['outcomes']> {
    return this.#round(applicants, actors, (work) =>
      this.database.transaction(async (manager) => {
        await this.subjects.lockAdmissions(manager);
        return work(manager, true);
      }),
    );
  }

  /** As far as this process knows. An error costs a transaction, or that others wait for one. */
  #mayNeedSeat(applicants: readonly Applicant[]): boolean {
    if (this.#isFull || this.terms.current().pools.every(({ limit }) => limit === undefined)) return false;
    return applicants.some(({ subject }) => this.active.find(subject) === undefined);
  }

  async #round(
    applicants: readonly Applicant[],
    actors: readonly Actor[],
    transaction: <T>(work: (manager: EntityManager, mayTakeSeats: boolean) => Promise<T>) => Promise<T>,
  ): Promise<AdmissionRound['outcomes']> {
    const moment = await this.days.prepare();
    const terms = this.terms.current();
    const decideAll = async (manager: EntityManager, mayTakeSeats: boolean) => {
      const { known, groups } = await this.#known(manager, applicants, moment);
      const decide = (present: readonly SubjectGroup[]) =>
        decideRound(applicants, known, present, terms, moment, mayTakeSeats);
      let round = decide(groups);
      while (await this.#findLate(manager, applicants, known, round))
        round = decide(await this.meter.groups(manager));
      const refused = denialsOf(applicants, round, moment);
      const news = refused.filter((denial) => this.refusals.isNew(denial));
      await this.denials.add(manager, news);
      await this.recorder.record(manager, round.sightings, known, dayOf(moment));
      return { outcomes: round.outcomes, refused, news };
    };
    const { outcomes, refused, news } = await transaction(this.rights.whileAllowed(actors, decideAll));
    this.refusals.note(news, refused);
    applicants.forEach(({ subject, role }, index) => {
      if (outcomes[index]?.admitted === true)
        this.active.note(subject, { role, lastDay: dayOf(moment), isFreed: false });
    });
    const denied = outcomes.filter((outcome) => outcome?.admitted === false).length;
    this.metrics.denied(denied);
    if (denied > 0) this.#isFull = true;
    else if (outcomes.some((outcome) => outcome === undefined || takesSeat(outcome))) this.#isFull = false;
    return outcomes;
  }

  /**
   * Whether an applicant is refused, and some were stored after their rows were looked for: the counts have them.
   * @param known - gets these
   */
  async #findLate(
    manager: EntityManager,
    applicants: readonly Applicant[],
    known: Map<string, SubjectRecord>,
    { outcomes }: AdmissionRound,
  ): Promise<boolean> {
    if (!outcomes.some((outcome) => outcome?.admitted === false)) return false;
    const unknown = applicants.map(({ subject }) => subject).filter((subject) => !known.has(subject));
    const late = await this.subjects.lock(manager, [...new Set(unknown)]);
    for (const [subject, record] of late) known.set(subject, record);
    return late.size > 0;
  }

  /** What is known of them, with the counts. Locked are those alone whose records an admission would change. */
  async #known(
    manager: EntityManager,
    applicants: readonly Applicant[],
    moment: number,
  ): Promise<{ known: Map<string, SubjectRecord>; groups: readonly SubjectGroup[] }> {
    const subjects = [...new Set(applicants.map(({ subject }) => subject))];
    const { known, groups } = await this.subjects.readWithGroups(manager, subjects, dayOf(moment));
    const changing = applicants.filter(({ subject, role }) => {
      const record = known.get(subject);
      const sighting = { role, from: moment, at: moment, isAdmission: true };
      return record !== undefined && sightSubject(record, sighting, dayOf(moment)) !== record;
    });
    if (changing.length === 0) return { known, groups };
    const locked = await this.subjects.lock(manager, [...new Set(changing.map(({ subject }) => subject))]);
    // One that is not there any more was deleted in between.
    for (const { subject } of changing) known.delete(subject);
    // After the rows: to lock them waits for others, whose changes the counts then have.
    return { known: new Map([...known, ...locked]), groups: await this.meter.groups(manager) };
  }
}

/** The refusals of a round, each subject once. */
function denialsOf(applicants: readonly Applicant[], { outcomes }: AdmissionRound, moment: number): Denial[] {
  const denials = new Map<string, Denial>();
  applicants.forEach(({ subject, role }, index) => {
    const outcome = outcomes[index];
    if (outcome === undefined || outcome.admitted) return;
    const { reason, used, limit = 0 } = outcome;
    const times = (denials.get(subject)?.times ?? 0) + 1;
    denials.set(subject, { day: dayOf(moment), subject, role, reason, times, lastAt: moment, used, limit });
  });
  return [...denials.values()];
}
