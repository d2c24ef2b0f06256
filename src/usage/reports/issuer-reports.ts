import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { within } from '../../clock/within.js';
import { SERVICE_CONFIG, type ServiceConfig } from '../../config/service-config.js';
import type { UsageReportChoice } from '../../config/usage-config.js';
import { Database } from '../../database/database.js';
import { type Clock, CLOCK } from '../../domain/clock.js';
import type { LicenseClaims } from '../../domain/license/license-claims.js';
import type { JsonValue } from '../../domain/token/strict-json.js';
import { readAcknowledgment, writeIssuerReport } from '../../domain/usage/issuer-report.js';
import type { IssuerReporting, OutgoingReport, ReportFate } from '../../domain/usage/issuer-reporting.js';
import { activeCounts, countSeats } from '../../domain/usage/seat-count.js';
import { isoDay } from '../../domain/usage/usage-window.js';
import { CurrentTerms } from '../current-terms.js';
import { UsageDays } from '../days/usage-days.js';
import { UsageClock } from '../usage-clock.js';
import { UsageMeter } from '../usage-meter.js';
import { IssuerReportMetrics } from './issuer-report-metrics.js';
import { IssuerReportStore } from './issuer-report.store.js';

/** A renewal waits so long for its report, milliseconds. */
const MAX_READING_MS = 1_000;
/** After a renewal that failed with a report, the next ones go without for so long, milliseconds. */
const HOLD_MS = 3_600_000;

/** Reports to the issuer how many seats are used: with a renewal, and never at its cost. */
@Injectable()
export class IssuerReports implements IssuerReporting, BeforeApplicationShutdown {
  readonly #logger = new Logger(IssuerReports.name);
  readonly #choice: UsageReportChoice;
  /** Monotonic milliseconds. */
  #heldUntil = -Infinity;
  #noting: Promise<void> = Promise.resolve();
  #isIgnored = false;
  /** An issuer of another maker may refuse what it does not know in a report: then the days that it took. */
  #isPlain = false;

  constructor(
    @Inject(SERVICE_CONFIG) { usage }: ServiceConfig,
    private readonly database: Database,
    private readonly store: IssuerReportStore,
    private readonly days: UsageDays,
    private readonly meter: UsageMeter,
    private readonly terms: CurrentTerms,
    private readonly metrics: IssuerReportMetrics,
    private readonly moments: UsageClock,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.#choice = usage.report;
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#noting;
  }

  async next(claims: LicenseClaims): Promise<OutgoingReport | undefined> {
    if (!this.#isOnFor(claims) || this.clock.monotonic() < this.#heldUntil) return undefined;
    try {
      return await within(MAX_READING_MS, this.#read(claims));
    } catch (error) {
      this.metrics.count('unreadable');
      this.#logger.warn({ msg: 'a renewal goes without its report of usage', lid: claims.lid, err: error });
      return undefined;
    }
  }

  settle(report: OutgoingReport, fate: ReportFate): void {
    if (fate.kind === 'answered') return this.#answered(report, fate.acknowledgment);
    this.metrics.count(fate.kind);
    if (fate.kind === 'refused' && report.acknowledgedDay !== undefined) this.#isPlain = true;
    else this.#heldUntil = this.clock.monotonic() + HOLD_MS;
    if (fate.kind === 'refused')
      this.#logger.warn({
        msg: 'the issuer refuses renewals with a report of usage: they are repeated without it',
        lid: report.lid,
      });
  }

  #isOnFor({ usage_billing: isBilled }: LicenseClaims): boolean {
    return this.#choice === 'on' || (this.#choice === 'auto' && isBilled === true);
  }

  async #read({ lid }: LicenseClaims): Promise<OutgoingReport> {
    await this.#noting;
    const terms = this.terms.current();
    await this.days.closePast();
    const report = await this.database.read(async (manager) => {
      const groups = await this.meter.groups(manager);
      const counts = activeCounts(countSeats(groups, terms, this.moments.moment));
      const { noted, days: taken } = await this.store.acknowledged(manager, lid);
      const acknowledged = this.#isPlain ? undefined : taken;
      const days = await this.store.unreported(manager, lid, noted);
      const head = await this.store.head(manager);
      return { noted, content: { counts, days, head, acknowledged } };
    });
    const { noted, content } = report;
    return {
      ...{ lid, member: writeIssuerReport(content), lastDay: content.days.at(-1)?.day },
      ...{ acknowledgedDay: content.acknowledged?.last, notedDay: noted },
    };
  }

  #answered(report: OutgoingReport, acknowledgment: JsonValue | undefined): void {
    const { lid, lastDay, acknowledgedDay, notedDay } = report;
    const until = readAcknowledgment(acknowledgment, lastDay ?? acknowledgedDay);
    const isTaken = until !== undefined;
    this.metrics.count(isTaken ? 'taken' : 'ignored');
    if (!isTaken && !this.#isIgnored)
      this.#logger.warn({ msg: 'the issuer does not say that it took a report of usage', lid });
    this.#isIgnored = !isTaken;
    if (until == null) return;
    if (acknowledgedDay !== undefined && until < acknowledgedDay) {
      const msg = 'the issuer lost days of usage that it had taken: those after this day are sent again';
      this.#logger.warn({ msg, lid, day: isoDay(until) });
      this.#noting = this.#note(report, until);
    } else if (lastDay !== undefined && until > (notedDay ?? -Infinity)) {
      this.#noting = this.#note(report, until);
    }
  }

  /** Best effort: days that are reported again count once. */
  async #note({ lid, notedDay }: OutgoingReport, day: number): Promise<void> {
    try {
      await this.database.transaction((manager) => this.store.note(manager, lid, notedDay, day));
      if (notedDay !== null && day < notedDay) return;
      this.#logger.log({ msg: 'days of usage were reported to the issuer', lid, last: isoDay(day) });
    } catch (error) {
      this.#logger.warn({ msg: 'days of usage are reported to the issuer again', lid, err: error });
    }
  }
}
