import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { lock, lockShared } from '../../database/advisory-lock.js';

/** So many are forgotten in one transaction: it is short. */
const PRUNED_AT_ONCE = 1_000;

/** A subject whose reports of a moment up to `until`, Unix seconds, are dropped. */
export interface Deletion {
  readonly subject: string;
  readonly until: number;
}

interface Row {
  readonly subject: string;
  readonly until: string;
}

/** Who was deleted. */
@Injectable()
export class UsageDeletionStore {
  /**
   * Comes first in the transaction that deletes: it waits for those that write from memory, and the next ones see it.
   */
  async add(manager: EntityManager, { subject, until }: Deletion): Promise<void> {
    await lock(manager, 'deletion of subjects');
    await manager.query(
      `INSERT INTO usage_deletion AS stored (subject, until) VALUES ($1, $2)
       ON CONFLICT (subject) DO UPDATE SET until = greatest(stored.until, EXCLUDED.until)`,
      [subject, until],
    );
  }

  /**
   * Which of the subjects were deleted, and until when their reports are dropped. Comes first in a transaction that
   * writes from memory: none of them is deleted until its end.
   */
  async among(manager: EntityManager, subjects: readonly string[]): Promise<Map<string, number>> {
    await lockShared(manager, 'deletion of subjects');
    const rows = await manager.query<Row[]>(
      'SELECT subject, until FROM usage_deletion WHERE subject = ANY($1::text[])',
      [subjects],
    );
    return new Map(rows.map(({ subject, until }) => [subject, Number(until)]));
  }

  /** Those whose reports are dropped up to a moment or a later one. */
  async since(manager: EntityManager, moment: number): Promise<Deletion[]> {
    const rows = await manager.query<Row[]>('SELECT subject, until FROM usage_deletion WHERE until >= $1', [
      moment,
    ]);
    return rows.map(({ subject, until }) => ({ subject, until: Number(until) }));
  }

  /** Forgets some of those from before a moment. @returns whether there may be more */
  async prune(manager: EntityManager, moment: number): Promise<boolean> {
    const [, count] = await manager.query<[unknown[], number]>(
      `DELETE FROM usage_deletion WHERE subject IN
         (SELECT subject FROM usage_deletion WHERE until < $1 ORDER BY subject LIMIT $2 FOR UPDATE SKIP LOCKED)`,
      [moment, PRUNED_AT_ONCE],
    );
    return count === PRUNED_AT_ONCE;
  }
}
