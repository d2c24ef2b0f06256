import { isoTime } from '../../domain/clock.js';
import type { SeatPolicyClaim } from '../../domain/usage/seat-policy.js';
import { invalidTerms, stillRevoked } from '../issuer-server-error.js';
import type { IssuedLicenseEntity } from './issued-license.entity.js';
import { type LicenseTerms, maxTokenWarnDays } from './license-terms.js';

/** Terms that can be agreed anew as they were for a new license. */
type Again = Omit<LicenseTerms, 'sub' | 'lid' | keyof Removable>;

/** Terms that a license need not have. */
interface Removable {
  readonly company?: string | null | undefined;
  readonly includedUsers?: number | null | undefined;
  readonly includedAdmins?: number | null | undefined;
  readonly includedViewers?: number | null | undefined;
  readonly anonymousRatio?: number | null | undefined;
  readonly maxSessions?: number | null | undefined;
  /** Members that are not named stay as they are, too. */
  readonly seatPolicy?: SeatPolicyClaim | null | undefined;
}

/** The terms that are to be other ones; what is undefined stays as it is, and null takes a term away. */
export interface LicenseChange extends Again, Removable {
  /** When it ends, Unix seconds: in the place of `licenseSeconds`. */
  readonly expires?: number | undefined;
}

/**
 * The same license with other terms.
 * @param now - Unix seconds
 * @throws IssuerServerError where no instance could follow
 */
export function withChange(
  license: IssuedLicenseEntity,
  change: LicenseChange,
  now: number,
): IssuedLicenseEntity {
  const { lid, status } = license;
  if (status === 'revoked') throw stillRevoked(lid, 'change');
  const nbf = change.starts ?? license.nbf;
  if (nbf !== license.nbf && nbf > now && license.nbf <= now) {
    throw invalidTerms(
      'nbf',
      `The license "${lid}" has begun: no instance would take a token that begins later, at ${isoTime(nbf)}.`,
    );
  }
  const lasts = change.licenseSeconds === undefined ? undefined : nbf + change.licenseSeconds;
  const lexp = change.expires ?? lasts ?? license.lexp;
  if (lexp <= now) {
    throw invalidTerms(
      'lexp',
      `The license "${lid}" would have ended by now: choose a later end, or "revoke" it to end it now.`,
    );
  }
  if (lexp <= nbf) throw invalidTerms('lexp', `The license "${lid}" would end before it begins.`);
  const tokenSeconds = change.tokenSeconds ?? license.tokenSeconds;
  // A shorter token has a shorter warning, as in a new license.
  const warnDays =
    change.tokenSeconds === undefined
      ? license.tokExpWarnDays
      : Math.min(license.tokExpWarnDays, maxTokenWarnDays(tokenSeconds));
  return {
    ...license,
    company: orElse(change.company, license.company),
    prod: change.products === undefined ? license.prod : [...change.products],
    includedUsers: orElse(change.includedUsers, license.includedUsers),
    includedAdmins: orElse(change.includedAdmins, license.includedAdmins),
    includedViewers: orElse(change.includedViewers, license.includedViewers),
    anonymousRatio: orElse(change.anonymousRatio, license.anonymousRatio),
    maxSessions: orElse(change.maxSessions, license.maxSessions),
    usageBilling: change.usageBilling ?? license.usageBilling,
    seatPolicy: change.seatPolicy
      ? { ...license.seatPolicy, ...change.seatPolicy }
      : orElse(change.seatPolicy, license.seatPolicy),
    nbf,
    lexp,
    tokenSeconds,
    licExpWarnDays: change.licenseWarnDays ?? license.licExpWarnDays,
    tokExpWarnDays: change.tokenWarnDays ?? warnDays,
    updateDays: change.updateDays ?? license.updateDays,
  };
}

/** What is undefined stays as it is; null takes it away. */
function orElse<T>(wanted: T | null | undefined, present: T | null): T | null {
  return wanted === undefined ? present : wanted;
}
