import { compareTokens, isOlder, isSameLicense } from './license.js';
import type { LicenseClaims } from './license-claims.js';

/** A verified token. */
export interface Token {
  readonly token: string;
  readonly claims: LicenseClaims;
}

/** What the database holds of the license at a moment, as far as a renewal depends on it. */
export interface StoredToken<T extends Token = Token> {
  /** Grows with a removal and a revocation. */
  readonly generation: number;
  /** Together they tell one state of the row from every other, after a restore too. */
  readonly revision: number;
  readonly stamp: string;
  /** Nothing is stored: neither a token that verifies nor another one. */
  readonly isEmpty: boolean;
  /** The stored token, if it verifies. */
  readonly present: T | undefined;
  /** The token that waits for its `nbf`, if it verifies. */
  readonly queued: T | undefined;
}

/** A renewal whose answer is there. */
export interface AnsweredRenewal<T extends Token = Token> {
  /** What the database held when the issuer was asked. */
  readonly before: StoredToken<T>;
  /** What it holds now. */
  readonly now: StoredToken<T>;
  /** The token that the issuer was asked to renew, of any source. */
  readonly renewed: Token;
  /** The token that it answered with: verified, of the same license, and newer than the renewed one. */
  readonly successor: Token;
  /** When the issuer was asked, Unix seconds; the earlier time while the clock is in doubt. */
  readonly askedAt: number;
  /** The `iat` of a verified revocation of the license, Unix seconds, if there is one. */
  readonly revokedAt: number | undefined;
}

/**
 * What becomes of an issuer's answer:
 * - `store`: it takes the place of the stored token; `isUnchanged` when that is the one which was there before the call
 * - `keep`: another renewal or an upload brought a token of the license that is at least as new
 * - `changed`: the license was removed, replaced, rolled back, or its next term began meanwhile
 * - `revoked`: the answer is from before a revocation
 */
export type Succession<T extends Token = Token> =
  | { readonly kind: 'store'; readonly isUnchanged: boolean }
  | { readonly kind: 'keep'; readonly present: T }
  | { readonly kind: 'changed' }
  | { readonly kind: 'revoked' };

/** Decides whether a renewed token may be stored, beside what the database holds by then. */
export function decideSuccession<T extends Token>(renewal: AnsweredRenewal<T>): Succession<T> {
  const { before, now, renewed, successor, revokedAt } = renewal;
  if (now.generation !== before.generation || !isSameLicenseStored(renewal)) return { kind: 'changed' };
  const { present } = now;
  const isNews = present !== undefined && present.token !== before.present?.token;
  if (isNews) {
    // A rollback, which must not be undone by what was asked before it.
    if (isOlder(present.claims, renewed.claims)) return { kind: 'changed' };
    const isSame = isSameLicense(present.claims, successor.claims);
    if (isSame && compareTokens(present.claims, successor.claims) >= 0) return { kind: 'keep', present };
    if (hasBegunMeanwhile(present, renewal)) return { kind: 'changed' };
  }
  if (revokedAt !== undefined && successor.claims.iat <= revokedAt) return { kind: 'revoked' };
  return { kind: 'store', isUnchanged: !isNews };
}

/**
 * Whether the database has a token of the renewed license, or that came from another source and nothing
 * changed here.
 */
function isSameLicenseStored({ before, now, renewed }: AnsweredRenewal): boolean {
  if (now.present !== undefined) {
    return isSameLicense(now.present.claims, renewed.claims) || now.present.token === before.present?.token;
  }
  // What does not verify may be anything, so the row must be the very one that was read.
  return (before.isEmpty && now.isEmpty) || (now.revision === before.revision && now.stamp === before.stamp);
}

/** Whether a term began while the issuer was asked: its answer renews the term before, however new it is. */
function hasBegunMeanwhile({ token, claims }: Token, { before, renewed, askedAt }: AnsweredRenewal): boolean {
  const { nbf = 0 } = claims;
  if (nbf <= (renewed.claims.nbf ?? 0)) return false;
  return nbf > askedAt || token === before.queued?.token;
}
