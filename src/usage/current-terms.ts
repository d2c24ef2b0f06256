import { Inject, Injectable, Logger } from '@nestjs/common';
import { ACTIVE_LICENSE, type ActiveLicense } from '../domain/license/active-license.js';
import type { LicenseClaims } from '../domain/license/license-claims.js';
import { type SeatTerms, termsOf } from '../domain/usage/seat-terms.js';

/** The terms of the active license, read once for each license. */
@Injectable()
export class CurrentTerms {
  readonly #logger = new Logger(CurrentTerms.name);
  #last: { readonly claims: LicenseClaims | undefined; readonly terms: SeatTerms } | undefined;

  constructor(@Inject(ACTIVE_LICENSE) private readonly license: ActiveLicense) {}

  /** @throws ServiceError `database.unavailable`, `issuer.unavailable` while nothing can be said of the license */
  current(): SeatTerms {
    const claims = this.license.validClaims();
    if (this.#last === undefined || this.#last.claims !== claims) {
      const terms = termsOf(claims);
      this.#warn(terms);
      this.#last = { claims, terms };
    }
    return this.#last.terms;
  }

  /** Once for each license and its faults, as a renewed token says the same again. */
  #warn({ lid, policyFaults: faults }: SeatTerms): void {
    const warned = JSON.stringify([lid, faults]);
    if (faults.length === 0 || this.#warned === warned) return;
    this.#warned = warned;
    this.#logger.warn({
      msg: 'the seat policy of the license has faults: these parts count as absent',
      lid,
      faults,
    });
  }

  #warned: string | undefined;
}
