import { Injectable } from '@nestjs/common';
import {
  type AuthenticatedLicense,
  authenticateLicenseToken,
  readTokenHeader,
} from '../../domain/license/license-token.js';
import type { KeySet } from '../../domain/token/key-set.js';
import { IssuerKeys } from '../../issuer/issuer-keys.js';
import { LicenseMetrics, type TokenPath } from './license-metrics.js';

/**
 * Finds the keys that may verify a token, verifies it, and counts a refusal. Keys of a file are the
 * operator's word on whom to believe: then they alone count. Else the key that verified the token when it was
 * accepted verifies it again: that needs no issuer, and no rotation takes a license away. Without one, the
 * issuer's present keys do.
 */
@Injectable()
export class TokenVerifier {
  constructor(
    private readonly keys: IssuerKeys,
    private readonly metrics: LicenseMetrics,
  ) {}

  /** Whether the operator named the keys in a file: a change of it can make a verified license one that is not. */
  get pinned(): boolean {
    return this.keys.pinned;
  }

  /**
   * @param path - where the token came from, for the count of refusals; an inspection counts none
   * @param accepted - finds the key that verified the token before; not asked where keys are pinned
   * @throws ServiceError `license.invalid`, `license.untrusted`, `issuer.unavailable` without any keys
   */
  async verify(
    token: string,
    path?: TokenPath,
    accepted?: () => Promise<KeySet | undefined>,
  ): Promise<AuthenticatedLicense> {
    try {
      const { kid } = readTokenHeader(token);
      const remembered = this.pinned ? undefined : await accepted?.();
      return await authenticateLicenseToken(token, remembered ?? (await this.keys.forKid(kid)));
    } catch (error) {
      if (path !== undefined) this.metrics.refused(path, error);
      throw error;
    }
  }
}
