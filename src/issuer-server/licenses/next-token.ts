import { renewalDueAt, type RenewalTerms } from '../../domain/license/renewal-policy.js';

/** How far ahead the `iat` of a token may be, seconds: a service tolerates 10, and its clock may be late. */
export const MAX_AHEAD = 5;
/** The smallest age of a license's newest token before there is a newer one with the same terms, seconds. */
const MIN_AGE = 60;
/** So late after it was due a renewal, or its repetition after a lost answer, is in time, seconds. */
const MAX_LATE = 3_600;

/** The newest token of a license that is known. */
export interface NewestToken extends RenewalTerms {
  readonly token: string;
  /** Whether a token that is signed now would differ from it only in its times. */
  readonly isCurrent: boolean;
  /** Whether it came with the license itself, not by a renewal: the first renewal need not wait. */
  readonly isFirst: boolean;
}

export interface TokenRequest {
  /** Unix seconds, as all that follows. */
  readonly now: number;
  /** The greatest `iat` that the license's tokens have. */
  readonly lastIat: number;
  readonly lexp: number;
  /** Of the token that was shown. */
  readonly shownIat: number;
  readonly newest: NewestToken | undefined;
}

export type TokenDecision =
  | { readonly kind: 'new'; readonly iat: number }
  | { readonly kind: 'newest'; readonly token: string }
  | { readonly kind: 'not-due' };

/**
 * Decides which token a renewal gets.
 *
 * - The `iat` of a new token is greater than that of every token before. The shown one counts too: after a restore
 *   from a backup it can be newer than those that the database knows.
 * - If no new token can be made, or the newest one is younger than {@link minAge}, those who show an older one get the
 *   newest one. So a caller with an old token cannot keep another one from its renewal.
 */
export function decideToken({ now, lastIat, lexp, shownIat, newest }: TokenRequest): TokenDecision {
  const iat = Math.max(now, lastIat + 1, shownIat + 1);
  const isPossible = iat <= now + MAX_AHEAD && iat < lexp;
  const usable = newest !== undefined && isUsable(newest, now) ? newest : undefined;
  const isFresh =
    usable !== undefined && usable.isCurrent && !usable.isFirst && now - usable.iat < minAge(usable);
  if (isPossible && !isFresh) return { kind: 'new', iat };
  if (usable !== undefined && usable.iat > shownIat) return { kind: 'newest', token: usable.token };
  return { kind: 'not-due' };
}

/** Whether a service could take a token at this moment, by its times. @param now - Unix seconds */
export function isUsable({ iat, exp }: Pick<RenewalTerms, 'iat' | 'exp'>, now: number): boolean {
  return exp > now && iat <= now + MAX_AHEAD;
}

/**
 * Whether the instance of a license can be the one that shows a token: it is the newest one, or an instance that
 * renews in time can still have it, as after a lost answer. Not the newest one alone: else a caller who renews in a
 * loop with an old token would keep every report of the instance out.
 *
 * @param lastIat - the greatest `iat` before the token was shown, Unix seconds
 * @param now - Unix seconds
 */
export function isPresentToken(shown: RenewalTerms, lastIat: number, now: number): boolean {
  return shown.iat >= lastIat || now < Math.min(shown.exp, renewalDueAt(shown) + MAX_LATE);
}

/**
 * The smallest age of a token before there is a newer one, seconds: a minute, or half of the time until its renewal
 * is due if that is shorter. So a renewal that is due always gets a new token.
 */
export function minAge(terms: RenewalTerms): number {
  return Math.min(MIN_AGE, Math.floor((renewalDueAt(terms) - terms.iat) / 2));
}

/**
 * The `iat` of a revocation statement, Unix seconds: it covers every token that was signed, also those of a
 * clock that was ahead, as soon as a service could take them. Until then it lies no further ahead than now,
 * or nobody would take the statement.
 */
export function statementIat(
  { revokedAt, aheadIat }: { readonly revokedAt: number; readonly aheadIat: number | null },
  now: number,
): number {
  const wanted = Math.max(revokedAt, aheadIat ?? 0);
  return wanted <= now + MAX_AHEAD ? wanted : now;
}
