import { Injectable } from '@nestjs/common';
import type { RequestActor } from '../../access/actor.decorator.js';
import { AuditStore } from '../../audit/audit.store.js';
import { Database } from '../../database/database.js';
import { isCounted } from '../../domain/usage/admission.js';
import { countSeats } from '../../domain/usage/seat-count.js';
import type { SubjectKind } from '../../domain/usage/subject.js';
import { asKnown } from '../../domain/usage/subject-record.js';
import { MAX_EVENT_LEAD } from '../../domain/usage/usage-event.js';
import { dayOf } from '../../domain/usage/usage-window.js';
import { CallerRights } from '../../snapshot/caller-rights.js';
import { CurrentTerms } from '../current-terms.js';
import { UsageDayStore } from '../days/usage-day.store.js';
import { UsageDays } from '../days/usage-days.js';
import { UsageSessionStore } from '../sessions/usage-session.store.js';
import { UsageMeter } from '../usage-meter.js';
import { ActiveSubjects } from './active-subjects.js';
import { Refusals } from './refusals.js';
import { SeenBuffer } from './seen-buffer.js';
import { SubjectHasher } from './subject-hasher.js';
import { UsageDenialStore } from './usage-denial.store.js';
import { UsageDeletionStore } from './usage-deletion.store.js';
import { UsageSubjectStore } from './usage-subject.store.js';

/** A deletion that another replica commits later is not later than this by its time, seconds. */
const FOLLOWED_AGAIN = 300;

/** Deletes people: in the database, and from the memory of each replica. */
@Injectable()
export class SubjectDeletions {
  #last = 0;
  /** Those that this process knows of, by subject and time. */
  #known = new Set<string>();

  constructor(
    private readonly database: Database,
    private readonly hasher: SubjectHasher,
    private readonly deletions: UsageDeletionStore,
    private readonly subjects: UsageSubjectStore,
    private readonly denials: UsageDenialStore,
    private readonly sessions: UsageSessionStore,
    private readonly openDays: UsageDayStore,
    private readonly days: UsageDays,
    private readonly meter: UsageMeter,
    private readonly terms: CurrentTerms,
    private readonly buffer: SeenBuffer,
    private readonly refusals: Refusals,
    private readonly active: ActiveSubjects,
    private readonly audit: AuditStore,
    private readonly rights: CallerRights,
  ) {}

  /**
   * Deletes a user or device. Reports from before, which still wait somewhere, are dropped when they arrive.
   * @returns whether anything was known
   * @throws ServiceError `database.unavailable`, `issuer.unavailable` while nothing can be said of the license
   */
  async delete(actor: RequestActor, name: string, kind: SubjectKind = 'user'): Promise<boolean> {
    await this.hasher.start();
    const subject = this.hasher.hash(kind, name);
    const now = await this.days.prepare();
    const terms = this.terms.current();
    const waits = this.buffer.find(subject) !== undefined;
    const remove = this.rights.whileAllowed([actor], async (manager) => {
      // Other replicas, and reports, can be ahead by so much.
      await this.deletions.add(manager, { subject, until: now + MAX_EVENT_LEAD });
      const before = (await this.subjects.lock(manager, [subject])).get(subject);
      if (isCounted(asKnown(before), terms, now)) {
        const { used } = countSeats(await this.meter.groups(manager), terms, now);
        await this.openDays.note(manager, dayOf(now), { peak: used });
      }
      const refusals = await this.denials.removeNames(manager, subject);
      const sessions = await this.sessions.removeOf(manager, subject);
      if (before !== undefined) await this.subjects.remove(manager, subject, before);
      const known = before !== undefined || refusals + sessions > 0 || waits;
      await this.audit.record(manager, actor, 'usage.subject.delete', 'usage', { kind, deleted: known });
      return known;
    });
    const isDeleted = await this.database.transaction(remove);
    this.buffer.forget(subject);
    this.#forget(subject);
    return isDeleted;
  }

  /** Forgets those whom other replicas deleted. @throws ServiceError `database.unavailable` */
  async follow(): Promise<void> {
    // The newest one may be by a clock that was ahead.
    const moment = Math.min(this.#last, await this.days.prepare()) - FOLLOWED_AGAIN;
    const found = await this.database.read((manager) => this.deletions.since(manager, moment));
    const keys = new Set<string>();
    for (const { subject, until } of found) {
      const key = `${subject} ${until}`;
      keys.add(key);
      if (!this.#known.has(key)) this.#forget(subject);
      this.#last = Math.max(this.#last, until);
    }
    this.#known = keys;
  }

  #forget(subject: string): void {
    this.active.forget(subject);
    this.refusals.forget(subject);
  }
}
