import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { JsonObject } from '../../domain/token/strict-json.js';
import {
  type LedgerHead,
  MAX_REPORTED_DAYS,
  type ReportedDay,
  reportedDay,
} from '../../domain/usage/issuer-report.js';

/** Which days the issuer has, and which it has not. */
@Injectable()
export class IssuerReportStore {
  /**
   * The oldest days that were closed under a license and that the issuer has not taken yet. After another license it
   * gets all of them again: what it has already it does not take twice.
   */
  async unreported(manager: EntityManager, lid: string): Promise<ReportedDay[]> {
    const rows = await manager.query<{ day: number; content: string }[]>(
      `SELECT day, content FROM usage_day, usage_state
       WHERE content::jsonb ->> 'lid' = $1
         AND (reported_lid IS DISTINCT FROM $1 OR reported_day IS NULL OR day > reported_day)
       ORDER BY day LIMIT $2`,
      [lid, MAX_REPORTED_DAYS],
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

  /** The issuer has the days of a license up to this one. An answer that comes late takes none back. */
  async taken(manager: EntityManager, lid: string, day: number): Promise<void> {
    await manager.query(
      `UPDATE usage_state SET reported_lid = $1, reported_day = $2
       WHERE reported_lid IS DISTINCT FROM $1 OR reported_day IS NULL OR reported_day < $2`,
      [lid, day],
    );
  }
}
