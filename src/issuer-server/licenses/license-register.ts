import { Inject, Injectable, Logger } from '@nestjs/common';
import { ISSUER_SERVER_CONFIG, type IssuerServerConfig } from '../../config/issuer-server-config.js';
import { toSeconds } from '../../domain/clock.js';
import { noLicense } from '../issuer-server-error.js';
import { ConfirmedClock } from '../record/confirmed-clock.js';
import { aheadWarning, isAhead } from './iat-repair.js';
import { type LicenseUse, UsageReportStore } from '../usage/usage-report.store.js';
import type { IssuedLicenseEntity } from './issued-license.entity.js';
import { IssuedLicenseStore } from './issued-license.store.js';
import type { LicenseEventEntity } from './license-event.entity.js';
import { LicenseHistoryStore } from './license-history.store.js';
import { type LicenseOverview, overviewOf } from './license-overview.js';
import { OwnDatabase } from '../record/own-database.js';

/** A license and what its instance reported of its use; undefined where it reported nothing. */
export interface ReportedLicense {
  readonly license: IssuedLicenseEntity;
  readonly use: LicenseUse | undefined;
}

/** Tells what became of the licenses. It changes nothing. */
@Injectable()
export class LicenseRegister {
  readonly #logger = new Logger(LicenseRegister.name);

  constructor(
    private readonly database: OwnDatabase,
    private readonly licenses: IssuedLicenseStore,
    private readonly history: LicenseHistoryStore,
    private readonly reports: UsageReportStore,
    private readonly clock: ConfirmedClock,
    @Inject(ISSUER_SERVER_CONFIG) private readonly config: IssuerServerConfig,
  ) {}

  /** All licenses, the oldest first. */
  async list(): Promise<LicenseOverview[]> {
    return this.#overviews();
  }

  /** @throws IssuerServerError */
  async show(lid: string): Promise<LicenseOverview> {
    const [overview] = await this.#overviews(lid);
    if (overview === undefined) throw noLicense(lid);
    return overview;
  }

  /** What each license is used for, the oldest license first. @param mostDays - of each license at most */
  async uses(mostDays: number): Promise<ReportedLicense[]> {
    return this.database.read(async (manager) => {
      const uses = await this.reports.uses(manager, mostDays);
      const licenses = await this.licenses.loadAll(manager);
      return licenses.map((license) => ({ license, use: uses.get(license.lid) }));
    });
  }

  /** The same of one license; undefined where nothing was reported. */
  async useOf(lid: string, mostDays: number): Promise<LicenseUse | undefined> {
    return this.database.read(async (manager) => (await this.reports.uses(manager, mostDays, lid)).get(lid));
  }

  /** What happened to a license, the first event first. @throws IssuerServerError */
  async historyOf(lid: string): Promise<LicenseEventEntity[]> {
    return this.database.read(async (manager) => {
      if ((await this.licenses.load(manager, lid)) === undefined) throw noLicense(lid);
      return this.history.ofLicense(manager, lid);
    });
  }

  /** Says in the log which licenses get no tokens because their last one lies ahead of the clock. */
  async warnOfAhead(): Promise<void> {
    const now = toSeconds(this.clock.moment.getTime());
    const licenses = await this.database.read((manager) => this.licenses.loadAll(manager));
    for (const license of licenses) {
      if (isAhead(license, now)) this.#logger.error({ msg: aheadWarning(license, now), lid: license.lid });
    }
  }

  async #overviews(lid?: string): Promise<LicenseOverview[]> {
    const { issuerId } = this.config;
    const now = toSeconds(this.clock.moment.getTime());
    return this.database.read(async (manager) => {
      const newest = await this.history.newest(manager, lid);
      const licenses = await this.licenses.loadAll(manager, lid);
      return licenses.map((license) => overviewOf(license, newest.get(license.lid), { issuerId, now }));
    });
  }
}
