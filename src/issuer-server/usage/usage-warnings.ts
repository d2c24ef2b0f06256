import { Inject, Injectable, Logger } from '@nestjs/common';
import { AttemptWindow } from '../../domain/attempt-window.js';
import { type Clock, CLOCK } from '../../domain/clock.js';

const HOUR_MS = 3_600_000;

/** What the log says of reports of usage that are not as they should be. */
@Injectable()
export class UsageWarnings {
  readonly #logger = new Logger(UsageWarnings.name);
  /** A license may report as often as it renews. */
  readonly #said: AttemptWindow;

  constructor(@Inject(CLOCK) clock: Clock) {
    this.#said = new AttemptWindow(clock, 1, HOUR_MS);
  }

  /** Says it of a license, once an hour. @param more - what else the line has */
  say(msg: string, lid: string, more: object = {}): void {
    if (this.#said.take(JSON.stringify([msg, lid]))) this.#logger.warn({ msg, lid, ...more });
  }
}
