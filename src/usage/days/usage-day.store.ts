import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { lock } from '../../database/advisory-lock.js';
import type { SealedEntry } from '../../domain/hash-chain.js';
import type { SeatTerms } from '../../domain/usage/seat-terms.js';

/** A closed day. */
export interface ClosedDay extends SealedEntry {
  readonly day: number;
}

/** What is kept of a day until it is closed. */
export interface OpenDay {
  readonly peak: number;
  readonly late: number;
  /** Undefined for a day on which no process looked. */
  readonly terms: SeatTerms | undefined;
}

interface OpenRow {
  readonly day: number;
  readonly peak: string;
  readonly late: string;
  readonly terms: string | null;
}

/** The days of the ledger, and the one that is open. */
@Injectable()
export class UsageDayStore {
  /** Waits for another replica that closes days; until the end of the transaction. */
  async lockClosing(manager: EntityManager): Promise<void> {
    await lock(manager, 'closing of days');
  }

  /** The first day of the ledger: this one where it has none yet. */
  async startedAt(manager: EntityManager, today: number): Promise<number> {
    const [[row]] = await manager.query<[{ started_day: number }[], number]>(
      'UPDATE usage_state SET started_day = coalesce(started_day, $1) RETURNING started_day',
      [today],
    );
    if (row === undefined) throw new Error('usage_state has no row');
    return row.started_day;
  }

  async last(manager: EntityManager): Promise<ClosedDay | undefined> {
    const [row] = await manager.query<ClosedDay[]>(
      'SELECT day, content, hash FROM usage_day ORDER BY day DESC LIMIT 1',
    );
    return row;
  }

  /** Those of a range, the oldest first. */
  async closed(manager: EntityManager, from: number, to: number, limit: number): Promise<ClosedDay[]> {
    return manager.query<ClosedDay[]>(
      'SELECT day, content, hash FROM usage_day WHERE day BETWEEN $1 AND $2 ORDER BY day LIMIT $3',
      [from, to, limit],
    );
  }

  async close(manager: EntityManager, { day, content, hash }: ClosedDay): Promise<void> {
    await manager.query('INSERT INTO usage_day (day, content, hash) VALUES ($1, $2, $3)', [
      day,
      content,
      hash,
    ]);
  }

  async open(manager: EntityManager, from: number, to: number): Promise<Map<number, OpenDay>> {
    const rows = await manager.query<OpenRow[]>(
      'SELECT day, peak, late, terms FROM usage_open_day WHERE day BETWEEN $1 AND $2',
      [from, to],
    );
    return new Map(
      rows.map(({ day, peak, late, terms }) => [
        day,
        {
          peak: Number(peak),
          late: Number(late),
          terms: terms === null ? undefined : (JSON.parse(terms) as SeatTerms),
        },
      ]),
    );
  }

  /** Adds to what is known of an open day. */
  async note(
    manager: EntityManager,
    day: number,
    { peak = 0, late = 0, terms }: { peak?: number; late?: number; terms?: SeatTerms },
  ): Promise<void> {
    await manager.query(
      `INSERT INTO usage_open_day AS stored (day, peak, late, terms) VALUES ($1, $2, $3, $4)
       ON CONFLICT (day) DO UPDATE SET peak = greatest(stored.peak, EXCLUDED.peak),
         late = stored.late + EXCLUDED.late, terms = coalesce(EXCLUDED.terms, stored.terms)`,
      [day, peak, late, terms === undefined ? null : JSON.stringify(terms)],
    );
  }

  /** Forgets what was known of open days before one. */
  async forgetOpen(manager: EntityManager, before: number): Promise<void> {
    await manager.query('DELETE FROM usage_open_day WHERE day < $1', [before]);
  }
}
