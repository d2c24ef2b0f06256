import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { Periodic } from '../../clock/periodic.js';
import { LicenseStatus } from '../../domain/license/license.js';
import { LicenseExplainer } from './license-explainer.js';
import { LicenseReader } from '../license/license-reader.js';

const LOOK_MS = 1_000;

/**
 * Logs what the check answers: once at the start, and at each change, with the reason and the source. It looks once a
 * second, so an answer that lasts less than that may have no line; the audit log has its cause.
 */
@Injectable()
export class AnswerLog implements BeforeApplicationShutdown {
  readonly #logger = new Logger(AnswerLog.name);
  readonly #looks = new Periodic(LOOK_MS, () => this.#look());
  /** What was logged last; undefined before the first line, null while the check cannot be answered. */
  #logged: boolean | null | undefined;

  constructor(
    private readonly reader: LicenseReader,
    private readonly explainer: LicenseExplainer,
  ) {}

  start(): void {
    this.#look();
    this.#looks.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#looks.stop();
  }

  #look(): void {
    try {
      const answer = this.reader.current().status === LicenseStatus.Valid;
      if (answer !== this.#logged) this.#log(answer);
    } catch (error) {
      if (this.#logged === null) return;
      this.#logged = null;
      this.#logger.warn({ msg: 'the check cannot be answered', err: error });
    }
  }

  #log(answer: boolean): void {
    const { code, reason, decidedBy, nextChange } = this.explainer.explain();
    const line = {
      msg: answer ? 'licensed: the check answers true' : 'not licensed: the check answers false',
      answer,
      code,
      reason,
      source: decidedBy?.source ?? null,
      lid: decidedBy?.lid ?? null,
      jti: decidedBy?.jti ?? null,
      until: nextChange === null ? null : new Date(nextChange.at * 1000).toISOString(),
    };
    if (answer && this.#logged === undefined) this.#logger.log(line);
    else this.#logger.warn(line);
    this.#logged = answer;
  }
}
