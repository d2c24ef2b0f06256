import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { JsonObject } from '../../domain/token/strict-json.js';
import { type AcknowledgedDays, MAX_ACKNOWLEDGED_DAYS } from '../../domain/usage/acknowledged-days.js';
import {
  type LedgerHead,
  MAX_REPORTED_DAYS,
  type ReportedDay,
  reportedDay,
} from '../../domain/usage/issuer-report.js';

interface NotedDays {
  /** Null for none. */
  readonly noted: number | null;
  readonly days: AcknowledgedDays | undefined;
}

type NotedRow = AcknowledgedDays & Pick<NotedDays, 'noted'>;

/** Which days the issuer has, and which it has not. */
@Injectable()
export class IssuerReportStore {
  /**
   * The oldest days that were closed under a license and that the issuer has not taken yet. After another license it
   * gets all of them again: what it has already it does not take twice.
   * @param noted - up to which day it took them; null for none
   */
  async unreported(manager: EntityManager, lid: string, noted: number | null): Promise<ReportedDay[]> {
    const rows = await manager.query<{ day: number; content: string }[]>(
      `SELECT day, content FROM usage_day
       WHERE content::jsonb ->> 'lid' = $1 AND ($2::int IS NULL OR day > $2::int)
       ORDER BY day LIMIT $3`,
      [lid, noted, MAX_REPORTED_DAYS],
    );
    return rows.map(({ day, content }) => reportedDay(day, JSON.parse(content) as JsonObject));
  }

  /** Null before the first day was closed. */
  async head(manager: EntityManager): Promise<LedgerHead | null> {
    const [row] = await manager.query<LedgerHead[]>(
      'SELECT day, hash FROM usage_day ORDER BY day DESC LIMIT 1',
    );
    return row ?? null;
  }

  /** What is noted as taken of a license, and which of its days that are: the last of them, where they are many. */
  async acknowledged(manager: EntityManager, lid: string): Promise<NotedDays> {
    const [row] = await manager.query<NotedRow[]>(
      `SELECT reported_day AS noted, min(day) AS first, max(day) AS last, count(day)::int AS count
       FROM usage_state LEFT JOIN usage_day ON content::jsonb ->> 'lid' = reported_lid
         AND day <= reported_day AND day > reported_day - $2::int
       WHERE reported_lid = $1 GROUP BY reported_day`,
      [lid, MAX_ACKNOWLEDGED_DAYS],
    );
    if (row === undefined) return { noted: null, days: undefined };
    const { noted, first, last, count } = row;
    return { noted, days: count === 0 ? undefined : { first, last, count } };
  }

  /**
   * Notes up to which day the issuer has the days of a license, also an earlier one than before.
   * @param before - what was noted when the report was made: an answer that comes late changes nothing
   */
  async note(manager: EntityManager, lid: string, before: number | null, day: number): Promise<void> {
    await manager.query(
      `UPDATE usage_state SET reported_lid = $1, reported_day = $2
       WHERE CASE WHEN reported_lid = $1 THEN reported_day END IS NOT DISTINCT FROM $3::int`,
      [lid, day, before],
    );
  }
}
