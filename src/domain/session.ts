import { createHmac } from 'node:crypto';

/** Without a call that a person asked for, a session has ended after so long: milliseconds. */
export const SESSION_IDLE_MS = 30 * 60_000;
/** However much it is used, a session has ended after so long: milliseconds. */
export const MAX_SESSION_MS = 12 * 3_600_000;

/**
 * What a session stands on: it gives what that gives, and ends with it.
 *
 * `token`: a service account's token, by its hash. `configured`: an administrator or the bootstrap token of the
 * configuration, with {@link configuredProof} of what it signed in with.
 */
export type SessionBasis =
  | { readonly kind: 'token'; readonly tokenHash: string }
  | { readonly kind: 'configured'; readonly proof: string };

/** What the database knows of a session of the page. Moments are Unix milliseconds. */
export interface KnownSession {
  readonly id: number;
  /** {@link Caller.id} of who signed in. */
  readonly callerId: string;
  readonly basis: SessionBasis;
  readonly createdAt: number;
  /** When it was used last, as far as it was written down. */
  readonly lastUsedAt: number;
  readonly expiresAt: number;
  /** The address that it was opened from. */
  readonly address: string;
}

/**
 * Proves that a session was opened with a credential of the configuration, without telling anything about it to those
 * who read the database: the key is the session's secret, which is not stored. A changed password gives another proof.
 *
 * @param secret - the session's
 * @param credential - a password, its hash, or the bootstrap token's hash
 * @returns HMAC-SHA256, base64url
 */
export function configuredProof(secret: string, callerId: string, credential: string): string {
  return createHmac('sha256', secret).update(`${callerId}\n${credential}`).digest('base64url');
}
