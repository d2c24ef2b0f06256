import type { LicenseClaims } from '../license/license-claims.js';
import { readSeatPolicy, type SeatPolicy } from './seat-policy.js';
import type { SubjectRole } from './subject.js';

/** The seats that share one limit: those of all, or those of some roles. */
export type SeatPoolName = 'all' | 'admins_and_editors' | 'viewers';

export interface SeatPool {
  readonly name: SeatPoolName;
  readonly roles: readonly SubjectRole[];
  /** How many seats; undefined for any number. */
  readonly limit: number | undefined;
}

/** What decides who counts and who is let in. */
export interface SeatTerms {
  /** Whether a valid license is there: seats are a term of a license. */
  readonly isLicensed: boolean;
  /** Undefined without a license. */
  readonly lid: string | undefined;
  readonly policy: SeatPolicy;
  readonly policyFaults: readonly string[];
  /** Every role is in exactly one of them. */
  readonly pools: readonly SeatPool[];
  /** How many active devices take one seat; 0 when they take none. */
  readonly anonymousRatio: number;
  /** How many sessions a user can have at a time; 0 for any number. */
  readonly maxSessions: number;
}

/** @param claims - of the valid license; undefined without one */
export function termsOf(claims: LicenseClaims | undefined): SeatTerms {
  const { policy, faults } = readSeatPolicy(claims ?? {});
  return {
    isLicensed: claims !== undefined,
    lid: claims?.lid,
    policy,
    policyFaults: faults,
    pools: poolsOf(claims ?? {}),
    anonymousRatio: claims?.anonymousRatio ?? 0,
    maxSessions: claims?.max_concurrent_user_sessions ?? 0,
  };
}

/**
 * Devices are viewers where roles have limits of their own. A license that names seats for one of the two
 * gives none for the other, as in what an upload takes away.
 */
function poolsOf({
  included_users: users = 0,
  included_admins: admins,
  included_viewers: viewers,
}: Pick<LicenseClaims, 'included_users' | 'included_admins' | 'included_viewers'>): SeatPool[] {
  const limitsRoles = users === 0 && (admins !== undefined || viewers !== undefined);
  if (limitsRoles) {
    return [
      { name: 'admins_and_editors', roles: ['admin', 'editor'], limit: admins ?? 0 },
      { name: 'viewers', roles: ['viewer', 'device'], limit: viewers ?? 0 },
    ];
  }
  const limit = users > 0 ? users : undefined;
  return [{ name: 'all', roles: ['admin', 'editor', 'viewer', 'device'], limit }];
}
