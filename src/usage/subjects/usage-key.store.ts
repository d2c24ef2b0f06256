import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';

/** The key of the hashes, in the database. */
@Injectable()
export class UsageKeyStore {
  constructor(private readonly database: Database) {}

  /**
   * The key that is stored, or else this one, which is then stored: of several replicas that start together all get
   * the same.
   */
  async keep(key: string): Promise<string> {
    return this.database.transaction(async (manager) => {
      await manager.query('UPDATE usage_state SET hash_key = $1 WHERE hash_key IS NULL', [key]);
      const [row] = await manager.query<{ hash_key: string }[]>('SELECT hash_key FROM usage_state');
      if (row === undefined) throw new Error('usage_state has no row');
      return row.hash_key;
    });
  }
}
