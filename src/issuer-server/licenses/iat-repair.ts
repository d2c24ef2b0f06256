import { isoTime } from '../../domain/clock.js';
import { lengthOf } from '../record/clock-doubt-error.js';
import type { IssuedLicenseEntity } from './issued-license.entity.js';
import { MAX_AHEAD, statementIat } from './next-token.js';

/** Whether the last `iat` of a license lies so far ahead that it gets no tokens. @param now - Unix seconds */
export function isAhead({ lastIat, revokedAt }: IssuedLicenseEntity, now: number): boolean {
  return Math.max(lastIat, revokedAt ?? 0) > now + MAX_AHEAD;
}

/** For operators. @param now - Unix seconds */
export function aheadWarning({ lid, lastIat, revokedAt }: IssuedLicenseEntity, now: number): string {
  const ahead = lengthOf(Math.max(lastIat, revokedAt ?? 0) - now);
  return `The last token of the license ${lid} was signed by a clock that was ahead: it gets no other one for ${ahead}, unless you run "licentia issuer repair ${lid}".`;
}

/**
 * For operators: what becomes of a token that was signed ahead, after the license was repaired or revoked.
 * @param now - Unix seconds
 */
export function laterTokenWarning({ aheadIat, status }: IssuedLicenseEntity, now: number): string | null {
  if (aheadIat === null || aheadIat <= now) return null;
  const until = isoTime(aheadIat);
  return status === 'revoked'
    ? `A token of it was signed for ${until}, by a clock that was ahead. No instance takes it before that time; from then on the statement covers it too.`
    : `Its next renewal brings a new token. A token for ${until} stays signed: no instance with a right clock takes it before that time. An instance ` +
        'whose clock was ahead too, and holds it, needs the token that "licentia issuer token" prints.';
}

/**
 * Sets back to the present what a clock signed that was ahead: no service with a right clock has taken it. It
 * is remembered, because services could take it once that time has come: statements of revocation cover it
 * then.
 * @param now - Unix seconds
 * @returns whether there was something to repair
 */
export function repairIat(license: IssuedLicenseEntity, now: number): boolean {
  if (!isAhead(license, now)) return false;
  const { lastIat, revokedAt, aheadIat } = license;
  license.aheadIat = Math.max(lastIat, revokedAt ?? 0, aheadIat ?? 0);
  license.lastIat = Math.min(lastIat, now);
  license.lastToken = null;
  license.revokedAt = revokedAt === null ? null : Math.min(revokedAt, now);
  return true;
}

/**
 * The `iat` that the next token of a revoked license has to be newer than: that of its last token and of
 * every statement.
 * @param now - Unix seconds
 */
export function revocationIat({ lastIat, revokedAt, aheadIat }: IssuedLicenseEntity, now: number): number {
  return Math.max(lastIat, statementIat({ revokedAt: revokedAt ?? 0, aheadIat }, now));
}
