import type { LicenseClaims } from './license-claims.js';

/** What the active license says, for modules that know nothing of where it comes from. */
export interface ActiveLicense {
  /**
   * The claims of the active license; undefined without a valid one.
   * @throws ServiceError `database.unavailable`, `issuer.unavailable` while nothing can be said of it
   */
  validClaims(): LicenseClaims | undefined;
}

/** Injection token of the {@link ActiveLicense}. */
export const ACTIVE_LICENSE = Symbol('ActiveLicense');
