import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { Periodic } from '../clock/periodic.js';
import { SERVICE_CONFIG, type ServiceConfig } from '../config/service-config.js';
import { UsageDays } from './days/usage-days.js';
import { Refusals } from './subjects/refusals.js';
import { SeenBuffer } from './subjects/seen-buffer.js';
import { SubjectDeletions } from './subjects/subject-deletions.js';
import { SubjectHasher } from './subjects/subject-hasher.js';
import { UsageMeter } from './usage-meter.js';
import { UsageWarnings } from './usage-warnings.js';
import { UsageRetention } from './usage-retention.js';

const LOOK_MS = 10_000;

/** What is done without a request: reports are written down, days closed, and the counts measured for the metrics. */
@Injectable()
export class UsageJobs implements BeforeApplicationShutdown {
  readonly #logger = new Logger(UsageJobs.name);
  readonly #looks: Periodic;
  #isFailing = false;

  constructor(
    private readonly hasher: SubjectHasher,
    private readonly buffer: SeenBuffer,
    private readonly refusals: Refusals,
    private readonly deletions: SubjectDeletions,
    private readonly days: UsageDays,
    private readonly meter: UsageMeter,
    private readonly retention: UsageRetention,
    private readonly warnings: UsageWarnings,
    @Inject(SERVICE_CONFIG) { database: { pollMs } }: ServiceConfig,
  ) {
    this.#looks = new Periodic(Math.max(LOOK_MS, pollMs), () => this.#look());
  }

  /** @throws ServiceError `database.unavailable` */
  async start(): Promise<void> {
    await this.hasher.start();
    await this.#look();
    this.buffer.start();
    this.refusals.start();
    this.#looks.start();
    this.retention.start();
  }

  /** What was taken and is in memory alone: how many subjects were reported, and how often one was refused again. */
  get unwritten(): { readonly unwrittenReports: number; readonly unwrittenRefusals: number } {
    return { unwrittenReports: this.buffer.size, unwrittenRefusals: this.refusals.waiting };
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#looks.stop();
  }

  /** Never rejects: the license works without it. */
  async #look(): Promise<void> {
    try {
      await this.deletions.follow();
      await this.days.prepare();
      this.warnings.look(await this.meter.measure());
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) this.#logger.warn({ msg: 'usage cannot be measured', err: error });
      this.#isFailing = true;
    }
  }
}
