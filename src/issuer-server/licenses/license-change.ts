import { isoTime } from '../../domain/clock.js';
import { IssuerServerError } from '../issuer-server-error.js';
import type { IssuedLicenseEntity } from './issued-license.entity.js';
import { type LicenseTerms, maxTokenWarnDays } from './license-terms.js';

/** Terms that can be agreed anew as they were for a new license. */
type Again = Omit<LicenseTerms, 'sub' | 'lid' | 'company' | 'includedUsers'>;

/** The terms that are to be other ones; what is undefined stays as it is, and null takes a term away. */
export interface LicenseChange extends Again {
  readonly company?: string | null | undefined;
  readonly includedUsers?: number | null | undefined;
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
  if (status === 'revoked')
    throw new IssuerServerError(`The license "${lid}" is revoked: "resume" takes that back, then change it.`);
  const nbf = change.starts ?? license.nbf;
  if (nbf !== license.nbf && nbf > now && license.nbf <= now) {
    throw new IssuerServerError(
      `The license "${lid}" has begun: no instance would take a token that begins later, at ${isoTime(nbf)}.`,
    );
  }
  const lasts = change.licenseSeconds === undefined ? undefined : nbf + change.licenseSeconds;
  const lexp = change.expires ?? lasts ?? license.lexp;
  if (lexp <= now) {
    throw new IssuerServerError(
      `The license "${lid}" would have ended by now: choose a later end, or "revoke" it to end it now.`,
    );
  }
  if (lexp <= nbf) throw new IssuerServerError(`The license "${lid}" would end before it begins.`);
  const tokenSeconds = change.tokenSeconds ?? license.tokenSeconds;
  // A shorter token has a shorter warning, as in a new license.
  const warnDays =
    change.tokenSeconds === undefined
      ? license.tokExpWarnDays
      : Math.min(license.tokExpWarnDays, maxTokenWarnDays(tokenSeconds));
  return {
    ...license,
    company: change.company === undefined ? license.company : change.company,
    prod: change.products === undefined ? license.prod : [...change.products],
    includedUsers: change.includedUsers === undefined ? license.includedUsers : change.includedUsers,
    nbf,
    lexp,
    tokenSeconds,
    licExpWarnDays: change.licenseWarnDays ?? license.licExpWarnDays,
    tokExpWarnDays: change.tokenWarnDays ?? warnDays,
    updateDays: change.updateDays ?? license.updateDays,
  };
}
