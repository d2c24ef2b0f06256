import { Inject, Injectable, Logger } from '@nestjs/common';
import { type Clock, CLOCK, toSeconds } from '../../domain/clock.js';
import type { AuthenticatedLicense } from '../../domain/license/license-token.js';
import { LicenseKeyStore } from './license-key.store.js';
import { TokenVerifier } from '../license/token-verifier.js';

/** A license that was verified, and whether the database knows the key that did it. */
export interface VerifiedLocally {
  readonly license: AuthenticatedLicense;
  readonly remembered: boolean;
}

/** Verifies tokens that are kept outside of the database, and remembers the keys that did. */
@Injectable()
export class LocalLicenseVerifier {
  readonly #logger = new Logger(LocalLicenseVerifier.name);

  constructor(
    private readonly verifier: TokenVerifier,
    private readonly known: LicenseKeyStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Whether a change of the keys can make a verified license one that is not. */
  get pinned(): boolean {
    return this.verifier.pinned;
  }

  /** @throws ServiceError `license.invalid`, `license.untrusted`, `issuer.unavailable` without any keys */
  async verify(source: 'file' | 'text', token: string): Promise<VerifiedLocally> {
    let remembered = this.pinned;
    const license = await this.verifier.verify(token, source, async () => {
      const before = await this.#find(token);
      remembered = before !== undefined;
      return before;
    });
    return { license, remembered };
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
