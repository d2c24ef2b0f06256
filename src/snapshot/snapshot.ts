import type { LicenseClaims } from '../domain/license/license-claims.js';
import type { AuthenticatedLicense } from '../domain/license/license-token.js';
import type { ErrorCode } from '../domain/service-error.js';
import type { KnownToken } from '../domain/caller.js';
import type { KnownSession } from '../domain/session.js';

/** A license of a file or text, outside of the database. */
export interface LocalSource {
  readonly source: 'file' | 'text';
  /**
   * Verified: what the source says now, and behind it the last valid license that it said, as long as what it says
   * now was not valid; two while the clock is in doubt.
   */
  readonly licenses: readonly AuthenticatedLicense[];
  /** Why what it says now cannot be used; `message` finishes a sentence or is one. */
  readonly fault: { readonly code: ErrorCode | 'unreadable'; readonly message: string } | undefined;
}

/**
 * A token of the database, verified when it was loaded; one that does not verify any more says why. Without
 * the keys that the operator names in a file nothing can be said of a token, not even that it is wrong.
 */
export type StoredContent =
  | { readonly kind: 'verified'; readonly license: AuthenticatedLicense }
  | { readonly kind: 'keys-unavailable' }
  | { readonly kind: 'unverifiable'; readonly code: ErrorCode; readonly reason: string }
  | { readonly kind: 'none' };

/** The license in the database, as it is answered from. */
export interface StoredLicense {
  /** Grows with DELETE and revocation alone. */
  readonly generation: number;
  /** Grows with every write. */
  readonly revision: number;
  /** Random, new with every write: equal counters of another history are another license. */
  readonly stamp: string;
  readonly content: StoredContent;
  /** The license of the next term, which takes over at its `nbf`. */
  readonly queued: StoredContent;
  /** Of every license that its issuer has revoked, stored or not. */
  readonly revocations: Revocations;
  /** Of every token that is never judged by an earlier moment again, stored or not. */
  readonly marks: Marks;
}

/** `iat` of the newest statement that revokes a license, Unix seconds, by issuer and `lid`. */
export interface Revocations {
  find(iss: string, lid: string): number | undefined;
}

/**
 * Up to when a token was judged for good by clocks that agreed, Unix seconds: when it had expired, or its
 * term had begun.
 */
export interface Marks {
  find(token: Pick<LicenseClaims, 'iss' | 'lid' | 'jti'>): number | undefined;
}

/** Everything that requests are answered from: one state of the database, never a mixture of two. */
export interface Snapshot {
  /** The database's version of this state; every change of it is another number. */
  readonly version: number;
  /** Random, new with each change: after a restore the same version can be another state. */
  readonly stamp: string;
  readonly license: StoredLicense;
  /** The licenses outside of the database, which do not count as a state of it. */
  readonly local: readonly LocalSource[];
  /** Another object after each change of a service account, a role or a token, and after no other change. */
  readonly tokens: KnownTokens;
  /** The page's sessions, by the SHA-256 of their secret, base64url. */
  readonly sessions: ReadonlyMap<string, KnownSession>;
}

/** The tokens of the database by their SHA-256, base64url. */
export interface KnownTokens {
  find(hash: string): KnownToken | undefined;
}

/** Whether a state is of an earlier version, or of another history of the same one. */
export function isBefore(state: Snapshot, known: Snapshot | undefined): boolean {
  if (known === undefined || state.version > known.version) return false;
  return state.version < known.version || state.stamp !== known.stamp;
}
