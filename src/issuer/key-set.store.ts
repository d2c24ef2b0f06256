import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import type { JsonObject } from '../domain/token/strict-json.js';
import { KeySetEntity } from './key-set.entity.js';

/** Keeps the last good key set of each address over restarts. */
@Injectable()
export class KeySetStore {
  constructor(private readonly database: Database) {}

  /** The last key set of an address that was saved, or null. */
  async load(source: string): Promise<KeySetEntity | null> {
    return this.database.read((manager) => manager.findOneBy(KeySetEntity, { source }));
  }

  /** Replaces the saved one, unless another replica has saved a later one; a day later is a clock that was ahead. */
  async save(source: string, keys: JsonObject, fetchedAt: Date, freshUntil: Date): Promise<void> {
    await this.database.transaction(async (manager) => {
      await manager.query(
        `INSERT INTO key_set (source, keys, fetched_at, fresh_until) VALUES ($1, $2, $3, $4)
         ON CONFLICT (source) DO UPDATE
         SET keys = EXCLUDED.keys, fetched_at = EXCLUDED.fetched_at, fresh_until = EXCLUDED.fresh_until
         WHERE key_set.fetched_at <= EXCLUDED.fetched_at OR key_set.fetched_at > EXCLUDED.fetched_at + interval '1 day'`,
        [source, keys, fetchedAt, freshUntil],
      );
    });
  }
}
