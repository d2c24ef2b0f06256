import { Inject, Injectable, Logger } from '@nestjs/common';
import { type Clock, CLOCK, toSeconds } from '../../domain/clock.js';
import {
  type AuthenticatedLicense,
  authenticateLicenseToken,
  readTokenHeader,
} from '../../domain/license/license-token.js';
import { IssuerKeys } from '../../issuer/issuer-keys.js';
import { LicenseKeyStore } from './license-key.store.js';
import { LicenseMetrics } from '../license/license-metrics.js';

/** A license that was verified, and whether the database knows the key that did it. */
export interface VerifiedLocally {
  readonly license: AuthenticatedLicense;
  readonly remembered: boolean;
}

/**
 * Verifies tokens that are kept outside of the database: by the key that verified the very token before, so that no
 * rotation takes it away, else by the issuer's present keys. Keys of a file are the operator's word on whom to believe:
 * then they alone count.
 */
@Injectable()
export class LocalLicenseVerifier {
  readonly #logger = new Logger(LocalLicenseVerifier.name);

  constructor(
    private readonly keys: IssuerKeys,
    private readonly known: LicenseKeyStore,
    private readonly metrics: LicenseMetrics,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Whether a change of the keys can make a verified license one that is not. */
  get pinned(): boolean {
    return this.keys.pinned;
  }

  /** @throws ServiceError `license.invalid`, `license.untrusted`, `issuer.unavailable` without any keys */
  async verify(source: 'file' | 'text', token: string): Promise<VerifiedLocally> {
    try {
      const { kid } = readTokenHeader(token);
      const before = this.keys.pinned ? undefined : await this.#find(token);
      const license = await authenticateLicenseToken(token, before ?? (await this.keys.forKid(kid)));
      return { license, remembered: this.keys.pinned || before !== undefined };
    } catch (error) {
      this.metrics.refused(source, error);
      throw error;
    }
  }

  /** @returns whether it is stored now; with the database away the license counts all the same */
  async remember(license: AuthenticatedLicense): Promise<boolean> {
    try {
      await this.known.remember(license, toSeconds(this.clock.now()));
      return true;
    } catch (error) {
      this.#logger.debug({ msg: 'the key of a license could not be stored yet', err: error });
      return false;
    }
  }

  async #find(token: string) {
    try {
      return await this.known.find(token);
    } catch (error) {
      this.#logger.debug({ msg: 'whether a license was verified before is not known', err: error });
      return undefined;
    }
  }
}
