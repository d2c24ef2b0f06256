import { isDeepStrictEqual } from 'node:util';
import { Injectable, Logger } from '@nestjs/common';
import { within } from '../../clock/within.js';
import type { JsonObject } from '../../domain/token/strict-json.js';
import { lastBeforeLoss } from '../../domain/usage/acknowledged-days.js';
import {
  type IssuerReport,
  readIssuerReport,
  type ReportedDay,
  type UsageAcknowledgment,
} from '../../domain/usage/issuer-report.js';
import { dayOf, isoDay } from '../../domain/usage/usage-window.js';
import { UsageReportStore } from './usage-report.store.js';
import { UsageWarnings } from './usage-warnings.js';
import { OwnDatabase } from '../record/own-database.js';

/** A license has so many days: those of three years. */
export const MAX_DAYS_KEPT = 1_100;
/** Renewals wait so long for their reports to be stored, milliseconds. */
const MAX_STORING_MS = 2_000;

/** Said once of each day, as the database remembers that it is disputed. */
const DISPUTED =
  'days of usage are disputed: they were reported before with other numbers, with a token of the same license';

/** Takes what renewals report of the use of a license. */
@Injectable()
export class UsageReports {
  readonly #logger = new Logger(UsageReports.name);

  constructor(
    private readonly database: OwnDatabase,
    private readonly store: UsageReportStore,
    private readonly warnings: UsageWarnings,
  ) {}

  /**
   * Stores the reports of one license, whose renewals were answered already: nothing here makes one fail.
   * @param usages - the members `usage` of the renewals
   * @param now - Unix seconds, by the clock that was confirmed
   * @returns for each whether it was taken, in their order. Never rejects
   */
  async take(
    lid: string,
    usages: readonly JsonObject[],
    now: number,
  ): Promise<readonly (UsageAcknowledgment | undefined)[]> {
    const reports = usages.map(readIssuerReport);
    const taken = reports.filter((report) => report !== undefined);
    if (taken.length < reports.length) this.warnings.say('a report of usage is malformed', lid);
    if (taken.length === 0) return reports.map(() => undefined);
    try {
      const kept = await within(MAX_STORING_MS, this.#storeAll(lid, taken, now));
      return reports.map((report) => report && this.#acknowledgment(lid, report, kept, dayOf(now)));
    } catch (error) {
      this.#logger.error({ msg: 'a report of usage could not be stored', lid, err: error });
      return reports.map(() => undefined);
    }
  }

  #acknowledgment(
    lid: string,
    report: IssuerReport,
    kept: ReadonlySet<number>,
    today: number,
  ): UsageAcknowledgment {
    const { acknowledged } = report;
    const range = { first: today - MAX_DAYS_KEPT, last: today - 1 };
    const sound = acknowledged && lastBeforeLoss(acknowledged, kept, range);
    if (sound === undefined) return acknowledgment(report, today);
    const msg =
      'days of usage that were taken are gone, as after a restore: the instance is asked for them again';
    this.warnings.say(msg, lid, { after: isoDay(sound) });
    return { until: isoDay(sound) };
  }

  /** @returns the days that are kept afterwards, where a report tells which of them should be */
  async #storeAll(lid: string, reports: readonly IssuerReport[], now: number): Promise<ReadonlySet<number>> {
    await this.#store(lid, reports, now);
    if (reports.every(({ acknowledged }) => acknowledged === undefined)) return new Set();
    return this.database.read((manager) => this.store.keptDays(manager, lid));
  }

  async #store(lid: string, reports: readonly IssuerReport[], now: number): Promise<void> {
    const today = dayOf(now);
    const oldest = today - MAX_DAYS_KEPT;
    const versions = new Map<number, Versions>();
    for (const report of reports)
      for (const day of report.days)
        if (day.day >= oldest && day.day < today)
          versions.set(day.day, withVersion(versions.get(day.day), day));
    const days = [...versions.values()].sort((a, b) => a.first.day - b.first.day);
    const at = new Date(now * 1000);
    const disputed = await this.database.transaction(async (manager) => {
      await this.store.addDays(
        manager,
        lid,
        days.map(({ first }) => first),
        at,
      );
      const newest = days.flatMap(({ newest }) => newest);
      const added = await this.store.dispute(manager, lid, newest, at);
      await this.store.setCounts(manager, lid, reports.at(-1) as IssuerReport, at);
      await this.store.prune(manager, lid, oldest);
      return added;
    });
    if (disputed.length > 0) this.#logger.warn({ msg: DISPUTED, lid, days: disputed.map(isoDay) });
  }
}

/** What reports that are stored together say of one day. */
interface Versions {
  readonly first: ReportedDay;
  /** The newest, and the newest that differs from it: one of them is another one than any that is kept. */
  readonly newest: readonly ReportedDay[];
}

function withVersion(before: Versions | undefined, day: ReportedDay): Versions {
  if (before === undefined) return { first: day, newest: [day] };
  const [newest] = before.newest as [ReportedDay];
  return isDeepStrictEqual(newest, day) ? before : { first: before.first, newest: [day, newest] };
}

/** A day that is not over here is not taken: it comes again when this clock is that far. */
function acknowledgment({ days }: IssuerReport, today: number): UsageAcknowledgment {
  const last = days.filter(({ day }) => day < today).at(-1);
  return { until: last === undefined ? null : isoDay(last.day) };
}
