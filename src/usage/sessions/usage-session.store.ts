import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { lock } from '../../database/advisory-lock.js';
import type { UserSession } from '../../domain/usage/sessions.js';

/** So many are deleted at a time. */
const PRUNED_AT_ONCE = 1_000;

/** The sessions of users. */
@Injectable()
export class UsageSessionStore {
  /** Waits for other calls of the same user, on any replica; until the end of the transaction. */
  async lock(manager: EntityManager, subject: string): Promise<void> {
    await lock(manager, 'sessions of a user', subject);
  }

  /** Begins a session or goes on with it. One that another user had is this user's from now on. */
  async touch(manager: EntityManager, session: string, subject: string, now: number): Promise<void> {
    await manager.query(
      `INSERT INTO usage_session AS stored (session, subject, started_at, last_at) VALUES ($1, $2, $3, $3)
       ON CONFLICT (session) DO UPDATE SET
         started_at = CASE WHEN stored.subject = $2 THEN stored.started_at ELSE $3 END,
         subject = $2, last_at = $3`,
      [session, subject, now],
    );
  }

  async of(manager: EntityManager, subject: string): Promise<UserSession[]> {
    const rows = await manager.query<{ session: string; last_at: string }[]>(
      'SELECT session, last_at FROM usage_session WHERE subject = $1',
      [subject],
    );
    return rows.map(({ session, last_at }) => ({ session, lastAt: Number(last_at) }));
  }

  async remove(manager: EntityManager, ...sessions: string[]): Promise<void> {
    await manager.query('DELETE FROM usage_session WHERE session = ANY($1::text[])', [sessions]);
  }

  /** Those of a user. @returns how many there were */
  async removeOf(manager: EntityManager, subject: string): Promise<number> {
    const [, count] = await manager.query<[unknown[], number]>(
      'DELETE FROM usage_session WHERE subject = $1',
      [subject],
    );
    return count;
  }

  /** Deletes some of those that were heard of last at a moment or before it. @returns whether there may be more */
  async prune(manager: EntityManager, moment: number): Promise<boolean> {
    const [, count] = await manager.query<[unknown[], number]>(
      `DELETE FROM usage_session WHERE session IN
         (SELECT session FROM usage_session WHERE last_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`,
      [moment, PRUNED_AT_ONCE],
    );
    return count === PRUNED_AT_ONCE;
  }
}
