import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import type { DatabaseFault } from '../database/permanent-fault.js';

/** A probe is answered within this time, milliseconds. */
const MAX_PROBE_MS = 2_500;

/** What there is to say of the database: `reason` where it is `failing`. */
export interface DatabaseState {
  readonly database: 'ok' | 'failing';
  readonly reason?: DatabaseFault | 'read-only';
}

/** Whether the database answers and takes changes. However many ask, it is asked once at a time. */
@Injectable()
export class DatabaseHealth {
  #asking: Promise<boolean> | undefined;

  constructor(private readonly database: Database) {}

  async check(): Promise<DatabaseState> {
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), MAX_PROBE_MS);
    });
    const answered = await Promise.race([this.#asking, late]);
    clearTimeout(timer);
    if (!answered) return { database: 'failing', reason: this.database.fault ?? 'unreachable' };
    return this.database.readOnly === true
      ? { database: 'failing', reason: 'read-only' }
      : { database: 'ok' };
  }

  async #ask(): Promise<boolean> {
    try {
      await this.database.read(async () => undefined);
      return true;
    } catch {
      return false;
    }
  }
}
