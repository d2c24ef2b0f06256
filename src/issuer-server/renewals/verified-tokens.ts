import { Injectable } from '@nestjs/common';
import type { LicenseClaims } from '../../domain/license/license-claims.js';
import { authenticateLicenseToken } from '../../domain/license/license-token.js';
import type { KeySet } from '../../domain/token/key-set.js';

/** So many tokens are remembered: 16 MiB of them at most, as the headers of a request have 16 KiB. */
const MAX_REMEMBERED = 1_000;

/**
 * Verifies tokens, each once as long as the keys stay the same. Signatures are verified by threads that all requests
 * share, in the order in which they come: thousands of requests with one token would otherwise keep those of other
 * licenses waiting for seconds.
 */
@Injectable()
export class VerifiedTokens {
  #keys: KeySet | undefined;
  /** By the token's text, also while it is verified. Refused ones are forgotten. */
  #known = new Map<string, Promise<LicenseClaims>>();

  /** @throws ServiceError as {@link authenticateLicenseToken} */
  async claimsOf(token: string, keys: KeySet): Promise<LicenseClaims> {
    if (keys !== this.#keys) {
      this.#keys = keys;
      this.#known = new Map();
    }
    return this.#known.get(token) ?? this.#verify(token, keys);
  }

  async #verify(token: string, keys: KeySet): Promise<LicenseClaims> {
    const known = this.#known;
    const claims = authenticateLicenseToken(token, keys).then((license) => license.claims);
    const [oldest] = known.keys();
    if (known.size >= MAX_REMEMBERED && oldest !== undefined) known.delete(oldest);
    known.set(token, claims);
    claims.catch(() => known.delete(token));
    return claims;
  }
}
