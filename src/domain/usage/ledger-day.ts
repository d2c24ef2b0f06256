import type { JsonObject } from '../token/strict-json.js';
import { activeCounts, countSeats, type SubjectGroup, totalLimit } from './seat-count.js';
import type { SeatTerms } from './seat-terms.js';
import { isoDay, startOf } from './usage-window.js';

/** What a closed day says besides the count of its end. */
export interface DayFacts {
  readonly day: number;
  /** Those that counted when the day ended; no limit and the default window without a license. */
  readonly terms: SeatTerms;
  /** Whether a process saw the terms on that day; else they are those of the day before. */
  readonly isObserved: boolean;
  /** The most seats in use before a subject freed one. */
  readonly peak: number;
  readonly denials: number;
  /** Reports that arrived on this day of an earlier one. */
  readonly late: number;
}

/** A row of the ledger: counted at the end of the day, by what counts everything. */
export function ledgerDay(
  { day, terms, isObserved, peak, denials, late }: DayFacts,
  groups: Iterable<SubjectGroup>,
): JsonObject {
  const count = countSeats(groups, terms, startOf(day));
  const { mode, tolerancePercent, window, leave } = terms.policy;
  return {
    day: isoDay(day),
    licensed: terms.isLicensed,
    lid: terms.lid ?? null,
    limit: totalLimit(count) ?? null,
    pools: count.pools.map(({ name, used, limit }) => ({ name, used, limit: limit ?? null })),
    policy: { mode, tolerance_percent: tolerancePercent, window, leave },
    anonymousRatio: terms.anonymousRatio,
    observed: isObserved,
    used: count.used,
    ...activeCounts(count),
    peak: Math.max(peak, count.used),
    denials,
    late,
  };
}
