import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';

/** A probe is answered within this time, milliseconds. */
const LONGEST_MS = 2_500;

/** Whether the database answers. However many ask, it is asked once at a time. */
@Injectable()
export class DatabaseHealth {
  #asking: Promise<boolean> | undefined;

  constructor(private readonly database: Database) {}

  async check(): Promise<'ok' | 'failing'> {
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), LONGEST_MS);
    });
    const answered = await Promise.race([this.#asking, late]);
    clearTimeout(timer);
    return answered ? 'ok' : 'failing';
  }

  async #ask(): Promise<boolean> {
    try {
      await this.database.read((manager) => manager.query('SELECT 1'));
      return true;
    } catch {
      return false;
    }
  }
}
