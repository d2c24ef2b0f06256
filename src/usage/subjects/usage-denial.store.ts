import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { AdmissionReason } from '../../domain/usage/admission.js';
import type { SubjectRole } from '../../domain/usage/subject.js';

/** Who was refused on a day, how often, and when last. */
export interface Denial {
  readonly day: number;
  readonly subject: string;
  readonly role: SubjectRole;
  readonly reason: AdmissionReason;
  readonly times: number;
  /** Unix seconds, of the last time, as `used` and `limit` are. */
  readonly lastAt: number;
  readonly used: number;
  readonly limit: number;
}

/** In the place of the subject: all that have no row of their own, as too many were refused on a day. */
export const OTHERS = '';

/** So many are deleted in one transaction: it is short. */
const PRUNED_AT_ONCE = 1_000;

/** Where to go on in a list of denials. */
export type DenialPosition = Pick<Denial, 'day' | 'subject'>;

interface Row {
  readonly day: number;
  readonly subject: string;
  readonly role: SubjectRole;
  readonly reason: AdmissionReason;
  readonly times: string;
  readonly last_at: string;
  readonly used: string;
  readonly seats: string;
}

/** The refusals. */
@Injectable()
export class UsageDenialStore {
  /** Adds to those of the day. @param denials - each subject once, `times` more */
  async add(manager: EntityManager, denials: readonly Denial[]): Promise<void> {
    if (denials.length === 0) return;
    await manager.query(
      `INSERT INTO usage_denial AS stored (day, subject, role, reason, times, last_at, used, seats)
       SELECT * FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[],
         $8::bigint[]) AS denial (day, subject, role, reason, times, last_at, used, seats)
       ORDER BY subject
       ON CONFLICT (day, subject) DO UPDATE
       SET times = stored.times + EXCLUDED.times, role = EXCLUDED.role, reason = EXCLUDED.reason,
         last_at = greatest(stored.last_at, EXCLUDED.last_at), used = EXCLUDED.used, seats = EXCLUDED.seats`,
      [
        denials.map(({ day }) => day),
        denials.map(({ subject }) => subject),
        denials.map(({ role }) => role),
        denials.map(({ reason }) => reason),
        denials.map(({ times }) => times),
        denials.map(({ lastAt }) => lastAt),
        denials.map(({ used }) => used),
        denials.map(({ limit }) => limit),
      ],
    );
  }

  /** Those of subjects with a row, the newest days first. @param after - the last one of the page before */
  async page(manager: EntityManager, after: DenialPosition | undefined, limit: number): Promise<Denial[]> {
    const rows = await manager.query<Row[]>(
      `SELECT day, subject, role, reason, times, last_at, used, seats FROM usage_denial
       WHERE subject <> $4 AND ($1::int IS NULL OR (-day, subject) > (-$1::int, $2::text))
       ORDER BY -day, subject LIMIT $3`,
      [after?.day ?? null, after?.subject ?? null, limit, OTHERS],
    );
    return rows.map(denialOf);
  }

  /** Counts the refusals of a subject among the others'. @returns of how many days they were */
  async removeNames(manager: EntityManager, subject: string): Promise<number> {
    const [rows] = await manager.query<[Row[], number]>(
      'DELETE FROM usage_denial WHERE subject = $1 RETURNING day, role, reason, times, last_at, used, seats',
      [subject],
    );
    await this.add(
      manager,
      rows.map((row) => ({ ...denialOf(row), subject: OTHERS })),
    );
    return rows.length;
  }

  /** Deletes some of the days before one. @returns whether there may be more */
  async prune(manager: EntityManager, day: number): Promise<boolean> {
    const [, count] = await manager.query<[unknown[], number]>(
      `DELETE FROM usage_denial WHERE (day, subject) IN
         (SELECT day, subject FROM usage_denial WHERE day < $1 ORDER BY day, subject LIMIT $2 FOR UPDATE SKIP LOCKED)`,
      [day, PRUNED_AT_ONCE],
    );
    return count === PRUNED_AT_ONCE;
  }

  /** How many there were on each day of a range that has any. */
  async totals(manager: EntityManager, from: number, to: number): Promise<Map<number, number>> {
    const rows = await manager.query<{ day: number; times: string }[]>(
      'SELECT day, sum(times) AS times FROM usage_denial WHERE day BETWEEN $1 AND $2 GROUP BY day',
      [from, to],
    );
    return new Map(rows.map(({ day, times }) => [day, Number(times)]));
  }
}

function denialOf({ times, last_at, used, seats, ...row }: Row): Denial {
  return {
    ...row,
    times: Number(times),
    lastAt: Number(last_at),
    used: Number(used),
    limit: Number(seats),
  };
}
