import type { KnownToken } from '../access/caller.js';
import type { AuthenticatedLicense } from '../domain/license-token.js';
import type { ErrorCode } from '../domain/service-error.js';

/** The license that the database holds, as it is answered from. */
export interface HeldLicense {
  /** Grows with DELETE and revocation alone. */
  readonly generation: number;
  /** Grows with every write. */
  readonly revision: number;
  /** Verified when it was loaded; a row whose token does not verify any more says why. */
  readonly content:
    | { readonly kind: 'verified'; readonly license: AuthenticatedLicense }
    | { readonly kind: 'unverifiable'; readonly code: ErrorCode; readonly reason: string }
    | { readonly kind: 'none' };
  /** `iat` of the newest statement of the issuer that revokes this license, Unix seconds. */
  readonly revokedAt: number | undefined;
}

/** Everything that requests are answered from: one state of the database, never a mixture of two. */
export interface Snapshot {
  /** The database's version of this state; every change of it is another number. */
  readonly version: number;
  readonly license: HeldLicense;
  /** By the token's SHA-256, base64url. */
  readonly tokens: ReadonlyMap<string, KnownToken>;
}
