import { Inject, Injectable } from '@nestjs/common';
import { SERVICE_CONFIG, type ServiceConfig } from '../config/service-config.js';
import { Database } from '../database/database.js';
import { type Actor, SYSTEM } from '../domain/actor.js';
import { ServiceError } from '../domain/service-error.js';
import { type Admission, decideAdmission, isCounted, type KnownSubject } from '../domain/usage/admission.js';
import type { Applicant } from '../domain/usage/admission-round.js';
import { countSeats, type SeatCount } from '../domain/usage/seat-count.js';
import type { SeatTerms } from '../domain/usage/seat-terms.js';
import { asKnown } from '../domain/usage/subject-record.js';
import { roleOf, type SubjectKind, type UserRole } from '../domain/usage/subject.js';
import { MAX_EVENT_LEAD, readEvents } from '../domain/usage/usage-event.js';
import { dayOf } from '../domain/usage/usage-window.js';
import { type UsageWarning, warningOf } from '../domain/usage/usage-warning.js';
import { CallerRights } from '../snapshot/caller-rights.js';
import { CurrentTerms } from './current-terms.js';
import { UsageDayStore } from './days/usage-day.store.js';
import { UsageDays } from './days/usage-days.js';
import { ActiveSubjects } from './subjects/active-subjects.js';
import { Admissions } from './subjects/admissions.js';
import { SeenBuffer } from './subjects/seen-buffer.js';
import { SubjectHasher } from './subjects/subject-hasher.js';
import { UsageSubjectStore } from './subjects/usage-subject.store.js';
import { UsageClock } from './usage-clock.js';
import { type PoolForecast, UsageForecaster } from './usage-forecaster.js';
import { type Measurement, UsageMeter } from './usage-meter.js';

/** How many seats are used, of how many. */
export interface UsageReport {
  readonly count: SeatCount;
  /** By which it was counted, Unix seconds: later than the measurement while the database is away. */
  readonly moment: number;
  readonly terms: SeatTerms;
  readonly warning: UsageWarning;
  readonly ownLimit: number | undefined;
  readonly forecast: PoolForecast | undefined;
  readonly measurement: Measurement;
}

/** Who uses the product: reported, counted, let in. */
@Injectable()
export class UsageService {
  readonly #ownLimit: number | undefined;
  readonly #levels: readonly number[];

  constructor(
    @Inject(SERVICE_CONFIG) { usage }: ServiceConfig,
    private readonly database: Database,
    private readonly hasher: SubjectHasher,
    private readonly buffer: SeenBuffer,
    private readonly admissions: Admissions,
    private readonly subjects: UsageSubjectStore,
    private readonly days: UsageDayStore,
    private readonly openDays: UsageDays,
    private readonly active: ActiveSubjects,
    private readonly meter: UsageMeter,
    private readonly forecaster: UsageForecaster,
    private readonly terms: CurrentTerms,
    private readonly clock: UsageClock,
    private readonly rights: CallerRights,
  ) {
    this.#ownLimit = usage.ownLimit;
    this.#levels = usage.warnPercent;
  }

  /**
   * Takes reports; they are written down within two seconds, also by a database that comes back.
   * @returns how many
   * @throws ServiceError `bad-request`, `database.unavailable` where too many wait
   */
  async seen(events: unknown, actor: Actor = SYSTEM): Promise<number> {
    const { wall, earliest } = this.clock;
    const read = readEvents(events, wall);
    await this.hasher.start();
    // The key may have waited for the database.
    actor.assertStillAllowed?.();
    // A clock that is ahead gives no role the last word for as long as it was.
    const latest = earliest + MAX_EVENT_LEAD;
    this.buffer.add(
      read.map(({ subject, kind, role, at: reported }) => {
        const at = Math.min(reported, latest);
        return [this.hasher.hash(kind, subject), { role, from: at, at }];
      }),
    );
    return read.length;
  }

  /** @throws ServiceError `database.unavailable`, `issuer.unavailable` while nothing can be said of the license */
  async admit(
    subject: string,
    kind?: SubjectKind,
    role?: UserRole,
    actor: Actor = SYSTEM,
  ): Promise<Admission> {
    await this.hasher.start();
    const applicant = { subject: this.hasher.hash(kind ?? 'user', subject), role: roleOf(kind, role) };
    try {
      // Who was reported counts, also at the limit.
      await this.buffer.flushOf(applicant.subject);
      return await this.admissions.admit(applicant, actor);
    } catch (error) {
      actor.assertStillAllowed?.();
      const known = isAway(error) ? this.#admitFromMemory(applicant) : undefined;
      if (known === undefined) throw error;
      return known;
    }
  }

  /**
   * Frees the seat of a user or device, where the license lets that happen.
   * @returns whether it did
   * @throws ServiceError `database.unavailable`, `issuer.unavailable` while nothing can be said of the license
   */
  async leave(subject: string, kind: SubjectKind = 'user', actor: Actor = SYSTEM): Promise<boolean> {
    const terms = this.terms.current();
    if (terms.policy.leave !== 'free') return false;
    await this.hasher.start();
    const hash = this.hasher.hash(kind, subject);
    // What was reported before counts as before.
    await this.buffer.flushOf(hash);
    const now = await this.openDays.prepare();
    const free = this.rights.whileAllowed([actor], async (manager) => {
      const before = (await this.subjects.lock(manager, [hash])).get(hash);
      if (before === undefined || !isCounted(asKnown(before), terms, now)) return false;
      const { used } = countSeats(await this.meter.groups(manager), terms, now);
      await this.days.note(manager, dayOf(now), { peak: used });
      const changes = [{ subject: hash, before, after: { ...before, freedAt: now } }];
      await this.subjects.update(manager, changes);
      await this.subjects.count(manager, changes);
      this.active.forget(hash);
      return true;
    });
    return this.database.transaction(free);
  }

  /** @throws ServiceError `database.unavailable` before the first measurement, `issuer.unavailable` */
  async usage(): Promise<UsageReport> {
    const terms = this.terms.current();
    const measurement = await this.meter.latest();
    const moment = this.#now();
    const count = countSeats(measurement.groups, terms, moment);
    const warning = warningOf(count, this.#ownLimit, this.#levels);
    const forecast = await this.#forecast(terms);
    return { count, moment, terms, warning, ownLimit: this.#ownLimit, forecast, measurement };
  }

  /** Counts now. @throws ServiceError `database.unavailable`, `issuer.unavailable` */
  async counts(): Promise<SeatCount> {
    const terms = this.terms.current();
    const { groups } = await this.meter.measure();
    return countSeats(groups, terms, this.#now());
  }

  /** None while the database is away and today was not asked before. */
  async #forecast({ pools }: SeatTerms): Promise<PoolForecast | undefined> {
    try {
      return await this.forecaster.forecast(pools);
    } catch (error) {
      if (isAway(error)) return undefined;
      throw error;
    }
  }

  #now(): number {
    return this.clock.moment;
  }

  /** Of a subject who counts as far as is known; recorded when the database is back. */
  #admitFromMemory({ subject, role }: Applicant): Admission | undefined {
    const [now, terms, known] = [this.#now(), this.terms.current(), this.#remembered(subject)];
    if (!isCounted(known, terms, now)) return undefined;
    // The open day is closed before that is recorded.
    const at = this.clock.earliest;
    this.buffer.add([[subject, { role, from: at, at }]]);
    return decideAdmission(role, known, this.meter.last?.groups ?? [], terms, now);
  }

  /** By what was recorded, and by reports that wait. */
  #remembered(subject: string): KnownSubject | undefined {
    const [known, waiting] = [this.active.find(subject), this.buffer.find(subject)];
    if (waiting === undefined) return known;
    const lastDay = Math.max(dayOf(waiting.at), known?.lastDay ?? -Infinity);
    return { role: waiting.role, lastDay, isFreed: false };
  }
}

function isAway(error: unknown): boolean {
  return error instanceof ServiceError && error.code === 'database.unavailable';
}
