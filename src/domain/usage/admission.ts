import { countSeats, type PoolCount, type SubjectGroup } from './seat-count.js';
import type { SeatTerms } from './seat-terms.js';
import type { SubjectRole } from './subject.js';
import { activeUntil, dayOf, isActive } from './usage-window.js';

/** Why a subject is let in, or is not. */
export const ADMISSION_REASONS = [
  'already-active',
  'seat-free',
  'unlimited',
  'within-tolerance',
  'metered',
  'reported',
  'not-licensed',
  'limit-reached',
] as const;

export type AdmissionReason = (typeof ADMISSION_REASONS)[number];

export interface Admission {
  readonly admitted: boolean;
  readonly reason: AdmissionReason;
  /** Of the seats that share the limit, with the one that was taken. */
  readonly used: number;
  /** Undefined for any number. */
  readonly limit: number | undefined;
  /** The first moment at which the same caller would be let in if nobody is seen again, Unix seconds. */
  readonly freesAt: number | undefined;
}

/** A subject, as far as it decides. */
export interface KnownSubject {
  readonly role: SubjectRole;
  readonly lastDay: number;
  /** Whether it left and freed its seat: then it is in no group. */
  readonly isFreed: boolean;
}

/** Whether a subject counts. @param moment - Unix seconds */
export function isCounted(subject: KnownSubject | undefined, terms: SeatTerms, moment: number): boolean {
  if (subject === undefined || subject.isFreed) return false;
  return isActive(terms.policy.window, subject.lastDay, dayOf(moment));
}

/**
 * Decides whether a subject gets in. Who counts already always does: a limit refuses new people only.
 *
 * @param role - what the subject would count as
 * @param groups - of every known subject
 * @param moment - Unix seconds
 */
export function decideAdmission(
  role: SubjectRole,
  known: KnownSubject | undefined,
  groups: readonly SubjectGroup[],
  terms: SeatTerms,
  moment: number,
): Admission {
  const decision = decide(role, known, groups, terms, moment);
  if (decision.admitted) return { ...decision, freesAt: undefined };
  const freesAt = edges(groups, terms, moment).find(
    (edge) => decide(role, undefined, groups, terms, edge).admitted,
  );
  return { ...decision, freesAt };
}

function decide(
  role: SubjectRole,
  known: KnownSubject | undefined,
  groups: readonly SubjectGroup[],
  terms: SeatTerms,
  moment: number,
): Omit<Admission, 'freesAt'> {
  const before = poolAt(role, groups, terms, moment);
  const isActiveAlready = isCounted(known, terms, moment);
  const added = { role, lastDay: dayOf(moment), subjects: 1 };
  const after = isActiveAlready ? before : poolAt(role, [...groups, added], terms, moment);
  const admit = (reason: AdmissionReason) => ({
    admitted: true,
    reason,
    used: after.used,
    limit: after.limit,
  });
  if (!terms.isLicensed) return admit('not-licensed');
  if (isActiveAlready) return admit('already-active');
  if (after.limit === undefined) return admit('unlimited');
  // A device often takes no further seat.
  if (after.used <= after.limit || after.used === before.used) return admit('seat-free');
  const { mode, tolerancePercent } = terms.policy;
  if (mode === 'metered') return admit('metered');
  if (mode === 'report') return admit('reported');
  const tolerated = Math.floor((after.limit * tolerancePercent) / 100);
  if (mode === 'tolerance' && after.used <= after.limit + tolerated) return admit('within-tolerance');
  return { admitted: false, reason: 'limit-reached', used: before.used, limit: before.limit };
}

function poolAt(
  role: SubjectRole,
  groups: readonly SubjectGroup[],
  terms: SeatTerms,
  moment: number,
): PoolCount {
  const at = terms.pools.findIndex(({ roles }) => roles.includes(role));
  const pool = countSeats(groups, terms, moment).pools[at];
  if (pool === undefined) throw new Error(`no seats are for the role ${role}`);
  return pool;
}

/** The later moments at which a subject stops counting, in their order, Unix seconds. */
function edges(groups: readonly SubjectGroup[], terms: SeatTerms, moment: number): number[] {
  const { window } = terms.policy;
  const untils = groups.map(({ lastDay }) => activeUntil(window, lastDay));
  return [...new Set(untils)].filter((until) => until > moment).sort((a, b) => a - b);
}
