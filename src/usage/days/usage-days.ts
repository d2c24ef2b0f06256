import { Inject, Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { SERVICE_CONFIG, type ServiceConfig } from '../../config/service-config.js';
import { Database } from '../../database/database.js';
import { SERVER_TIME, type ServerTime } from '../../database/server-time.js';
import { toSeconds } from '../../domain/clock.js';
import { CHAIN_START, sealEntry } from '../../domain/hash-chain.js';
import { ServiceError } from '../../domain/service-error.js';
import { ledgerDay } from '../../domain/usage/ledger-day.js';
import { countSeats } from '../../domain/usage/seat-count.js';
import type { SeatTerms } from '../../domain/usage/seat-terms.js';
import { dayOf, isoDay } from '../../domain/usage/usage-window.js';
import { CurrentTerms } from '../current-terms.js';
import { UsageClock } from '../usage-clock.js';
import { Refusals } from '../subjects/refusals.js';
import { UsageDenialStore } from '../subjects/usage-denial.store.js';
import { UsageSubjectStore } from '../subjects/usage-subject.store.js';
import { type ClosedDay, UsageDayStore } from './usage-day.store.js';

/** As many days are closed in one transaction: more take several. */
const DAYS_AT_ONCE = 100;

/**
 * Closes each day once, by the first replica that comes to it. A subject is recorded on a day only when all days before
 * it are closed: its row keeps the last day alone.
 */
@Injectable()
export class UsageDays {
  readonly #logger = new Logger(UsageDays.name);
  #closing: Promise<void> | undefined;
  /** What was noted last of the terms of a day. */
  #noted: { readonly day: number; readonly terms: SeatTerms } | undefined;

  readonly #hasServer: boolean;

  constructor(
    @Inject(SERVICE_CONFIG) { database: { location } }: ServiceConfig,
    private readonly database: Database,
    private readonly days: UsageDayStore,
    private readonly denials: UsageDenialStore,
    private readonly refusals: Refusals,
    private readonly subjects: UsageSubjectStore,
    private readonly terms: CurrentTerms,
    private readonly clock: UsageClock,
    @Inject(SERVER_TIME) private readonly serverTime: ServerTime,
  ) {
    this.#hasServer = location.kind === 'postgres';
  }

  /**
   * Closes every day that is over, by the clock of the database's server too.
   * @throws ServiceError `database.unavailable`
   */
  async closePast(): Promise<void> {
    const present = dayOf(this.clock.earliest);
    let before: number;
    do {
      before = this.#openDay;
      if (before >= present) return;
      this.#closing ??= this.#close(present).finally(() => (this.#closing = undefined));
      await this.#closing;
    } while (this.#openDay > before);
  }

  /**
   * The same, and writes down the terms of the open day where they are news: comes before everything that is recorded.
   * @returns the moment to record with, Unix seconds
   * @throws ServiceError `database.unavailable`
   */
  async prepare(): Promise<number> {
    await this.closePast();
    const { moment } = this.clock;
    const [day, terms] = [dayOf(moment), this.#knownTerms()];
    if (terms === undefined || (this.#noted?.day === day && this.#noted.terms === terms)) return moment;
    await this.database.transaction(async (manager) => {
      const before = (await this.days.open(manager, day, day)).get(day)?.terms;
      // Other terms can count fewer: the peak of the day is that of those before.
      const peak = before === undefined ? 0 : await this.#used(manager, before, moment);
      await this.days.note(manager, day, { terms, peak });
    });
    this.#noted = { day, terms };
    return moment;
  }

  get #openDay(): number {
    return this.clock.openDay ?? -Infinity;
  }

  async #used(manager: EntityManager, terms: SeatTerms, moment: number): Promise<number> {
    return countSeats(await this.subjects.groups(manager, dayOf(moment)), terms, moment).used;
  }

  /** Undefined while nothing can be said of the license. */
  #knownTerms(): SeatTerms | undefined {
    try {
      return this.terms.current();
    } catch (error) {
      if (error instanceof ServiceError) return undefined;
      throw error;
    }
  }

  async #close(ours: number): Promise<void> {
    await this.refusals.flush();
    const closed = await this.database.transaction(async (manager) => {
      await this.days.lockClosing(manager);
      const theirs = this.#hasServer ? dayOf(toSeconds(await this.serverTime(manager))) : ours;
      const today = Math.min(ours, theirs);
      const last = await this.days.last(manager);
      const first = last === undefined ? await this.days.startedAt(manager, today) : last.day + 1;
      const next = Math.min(today, first + DAYS_AT_ONCE);
      const count = await this.#closeRange(manager, first, next, last);
      return { next: Math.max(first, next), count };
    });
    if (closed.count > 0)
      this.#logger.log({
        msg: 'days of usage are closed',
        days: closed.count,
        last: isoDay(closed.next - 1),
      });
    this.clock.opened(closed.next);
  }

  /** @returns how many days were closed: those from `first` on, without `next` */
  async #closeRange(
    manager: EntityManager,
    first: number,
    next: number,
    last: ClosedDay | undefined,
  ): Promise<number> {
    if (first >= next) return 0;
    const groups = await this.subjects.groups(manager, first);
    // The day before the first one too: its terms go on where nobody looked.
    const open = await this.days.open(manager, first - 1, next - 1);
    const denials = await this.denials.totals(manager, first, next - 1);
    let prev = last?.hash ?? CHAIN_START;
    let terms = open.get(first - 1)?.terms;
    for (let day = first; day < next; day += 1) {
      const known = open.get(day);
      terms = known?.terms ?? terms ?? this.terms.current();
      const facts = {
        day,
        terms,
        isObserved: known?.terms !== undefined,
        peak: known?.peak ?? 0,
        denials: denials.get(day) ?? 0,
        late: known?.late ?? 0,
      };
      const sealed = sealEntry(ledgerDay(facts, groups), prev);
      await this.days.close(manager, { day, ...sealed });
      prev = sealed.hash;
    }
    // What the last one says goes on.
    if (terms !== undefined && open.get(next - 1)?.terms === undefined)
      await this.days.note(manager, next - 1, { terms });
    await this.days.forgetOpen(manager, next - 1);
    return next - first;
  }
}
