import { type SubjectRole, USER_ROLES, type UserRole } from './subject.js';
import type { SeatPool, SeatPoolName, SeatTerms } from './seat-terms.js';
import { dayOf, isActive } from './usage-window.js';

/** Subjects that are alike for counting. Those that left are not counted. */
export interface SubjectGroup {
  readonly role: SubjectRole;
  /** The day on which they were seen last. */
  readonly lastDay: number;
  readonly subjects: number;
}

export interface PoolCount {
  readonly name: SeatPoolName;
  readonly used: number;
  /** Undefined for any number. */
  readonly limit: number | undefined;
}

/** How many count at a moment. */
export interface SeatCount {
  readonly byRole: Readonly<Record<UserRole, number>>;
  /** Users of all roles. */
  readonly users: number;
  readonly devices: number;
  /** What the devices take. */
  readonly deviceSeats: number;
  /** Users and what devices take. */
  readonly used: number;
  readonly pools: readonly PoolCount[];
}

/**
 * Counts the seats that are in use. It is the only function that does, so an answer and an admission never differ.
 *
 * @param groups - every known subject, in any grouping
 * @param moment - Unix seconds
 */
export function countSeats(groups: Iterable<SubjectGroup>, terms: SeatTerms, moment: number): SeatCount {
  const day = dayOf(moment);
  const active: Record<SubjectRole, number> = { admin: 0, editor: 0, viewer: 0, device: 0 };
  for (const { role, lastDay, subjects } of groups) {
    if (isActive(terms.policy.window, lastDay, day)) active[role] += subjects;
  }
  const { device: devices, ...byRole } = active;
  const deviceSeats = terms.anonymousRatio > 0 ? Math.ceil(devices / terms.anonymousRatio) : 0;
  const seats: Record<SubjectRole, number> = { ...byRole, device: deviceSeats };
  const usedIn = ({ roles }: SeatPool) => roles.reduce((sum, role) => sum + seats[role], 0);
  const users = USER_ROLES.reduce((sum, role) => sum + byRole[role], 0);
  return {
    byRole,
    users,
    devices,
    deviceSeats,
    used: users + deviceSeats,
    pools: terms.pools.map((pool) => ({ name: pool.name, used: usedIn(pool), limit: pool.limit })),
  };
}

/** The four counts that Grafana has too. */
export interface ActiveCounts {
  readonly active_admins_and_editors: number;
  readonly active_viewers: number;
  readonly active_users: number;
  readonly active_anonymous_devices: number;
}

export function activeCounts({ byRole, users, devices }: SeatCount): ActiveCounts {
  return {
    active_admins_and_editors: byRole.admin + byRole.editor,
    active_viewers: byRole.viewer,
    active_users: users,
    active_anonymous_devices: devices,
  };
}

/** One limit for all seats: that of the one pool, or the sum where each pool has one. */
export function totalLimit({ pools }: Pick<SeatCount, 'pools'>): number | undefined {
  return pools.reduce<number | undefined>(
    (sum, { limit }) => (sum === undefined || limit === undefined ? undefined : sum + limit),
    0,
  );
}

/** How full something is, per cent, rounded down; 100 if the limit is 0. */
export function percentOf(used: number, limit: number): number {
  return limit === 0 ? 100 : Math.floor((used * 100) / limit);
}
