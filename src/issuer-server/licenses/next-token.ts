import { renewalDueAt, type RenewalTerms } from '../../domain/license/renewal-policy.js';

/**
 * A token's `iat` may lie so far ahead, seconds: a service that receives it tolerates 10, and its clock may
 * be late.
 */
export const MAX_AHEAD = 5;
/** The smallest age of a license's newest token before there is a newer one with the same terms, seconds. */
const MIN_AGE = 60;

/** The newest token of a license that is known. */
export interface NewestToken extends RenewalTerms {
  readonly token: string;
  /** Whether a token that is signed now would say the same, but for its times. */
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
 * What a renewal is given. A new token's `iat` is greater than that of every token before, the shown one
 * included: after a database was restored from a backup, its holder has a newer one than the database knows
 * of. Where none can be made, or the newest one is younger than {@link minAge}, the newest one is given to
 * all who show an older one: so a caller with an old token can keep no other caller from its renewal.
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
 * A minute, and for tokens that are renewed sooner half of the time until then: a renewal that is due always
 * brings a new one.
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
