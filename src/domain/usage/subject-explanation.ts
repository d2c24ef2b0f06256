import { asKnown, type SubjectRecord } from './subject-record.js';
import { isCounted } from './admission.js';
import type { SeatTerms } from './seat-terms.js';
import type { SubjectRole } from './subject.js';
import { activeUntil } from './usage-window.js';

/** Why a subject counts, or does not. */
export const COUNTING_RULES = ['seen-within-window', 'window-passed', 'left', 'never-seen'] as const;

export type CountingRule = (typeof COUNTING_RULES)[number];

export interface SubjectExplanation {
  readonly isCounted: boolean;
  readonly rule: CountingRule;
  /** Undefined for a subject who was never seen, as all that follows. */
  readonly role: SubjectRole | undefined;
  /** Days since 1970. */
  readonly firstDay: number | undefined;
  readonly lastDay: number | undefined;
  /** When the subject stops counting if it is not seen again, Unix seconds; undefined for one that does not count. */
  readonly until: number | undefined;
  /** When it freed its seat, Unix seconds. */
  readonly freedAt: number | undefined;
}

/** Explains by what counts everything. @param moment - Unix seconds */
export function explainSubject(
  record: SubjectRecord | undefined,
  terms: SeatTerms,
  moment: number,
): SubjectExplanation {
  const counts = isCounted(asKnown(record), terms, moment);
  return {
    isCounted: counts,
    rule: counts ? 'seen-within-window' : notCounted(record),
    role: record?.role,
    firstDay: record?.firstDay,
    lastDay: record?.lastDay,
    until: counts && record !== undefined ? activeUntil(terms.policy.window, record.lastDay) : undefined,
    freedAt: record?.freedAt,
  };
}

function notCounted(record: SubjectRecord | undefined): CountingRule {
  if (record === undefined) return 'never-seen';
  return record.freedAt === undefined ? 'window-passed' : 'left';
}
