import { Injectable, Logger, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { LastUses } from '../access/last-uses.js';
import { AccountsStore } from './accounts.store.js';

/** How often the last uses of tokens are written down, milliseconds. A kill loses this much of them, no more. */
const INTERVAL_MS = 60_000;

/** Writes {@link LastUses} down, away from every request. */
@Injectable()
export class LastUseWriter implements OnModuleInit, BeforeApplicationShutdown {
  readonly #logger = new Logger(LastUseWriter.name);
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly uses: LastUses,
    private readonly store: AccountsStore,
  ) {}

  onModuleInit(): void {
    this.#timer = setInterval(() => void this.write(), INTERVAL_MS);
    this.#timer.unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.#timer);
    await this.write();
  }

  /** Never throws: when a token was used last is worth a log line, not a failure. */
  async write(): Promise<void> {
    const uses = this.uses.drain();
    if (uses.size === 0) return;
    try {
      await this.store.saveLastUses(uses);
    } catch (error) {
      this.#logger.warn({ msg: 'the last uses of tokens could not be written down', err: error });
    }
  }
}
