import { MAX_BETWEEN } from '../../domain/clock-doubt.js';
import { isoTime, toSeconds } from '../../domain/clock.js';
import { lengthOf } from '../record/clock-doubt-error.js';
import type { IssuedLicenseEntity } from './issued-license.entity.js';
import { statementIat } from './next-token.js';

/** A license is issued and begins at one moment, if no other one was named; its two clocks differ by less, seconds. */
const MAX_APART = 60;

/**
 * Whether a license has something that a clock left which was ahead, and that `repair` mends: no tokens until that
 * time has come, or none that is valid before it. @param now - Unix seconds
 */
export function isAhead(license: IssuedLicenseEntity, now: number): boolean {
  return hasTokenAhead(license, now) || beginsAhead(license, now);
}

function hasTokenAhead({ lastIat, revokedAt }: IssuedLicenseEntity, now: number): boolean {
  return Math.max(lastIat, revokedAt ?? 0) > now + MAX_BETWEEN;
}

/** Nothing is issued tomorrow: such a license begins when a wrong clock said that it was issued. */
function beginsAhead({ nbf, createdAt }: IssuedLicenseEntity, now: number): boolean {
  const issuedAt = toSeconds(createdAt.getTime());
  return Math.min(nbf, issuedAt) > now + MAX_BETWEEN && Math.abs(nbf - issuedAt) < MAX_APART;
}

/** For operators. @param now - Unix seconds */
export function aheadWarning(license: IssuedLicenseEntity, now: number): string {
  const { lid, lastIat, revokedAt, nbf } = license;
  const unless = `unless you run "licentia issuer repair ${lid}"`;
  if (!hasTokenAhead(license, now))
    return `The license ${lid} was issued by a clock that was ahead: it begins ${isoTime(nbf)}, and is valid at no instance until then, ${unless}.`;
  const ahead = lengthOf(Math.max(lastIat, revokedAt ?? 0) - now);
  return `The last token of the license ${lid} was signed by a clock that was ahead: it gets no other one for ${ahead}, ${unless}.`;
}

/**
 * For operators: what becomes of a token that was signed ahead, after the license was repaired or revoked.
 * @param now - Unix seconds
 */
export function laterTokenWarning(
  { lid, aheadIat, status, nbf, lexp }: IssuedLicenseEntity,
  now: number,
): string | null {
  if (aheadIat === null || aheadIat <= now) return null;
  const until = isoTime(aheadIat);
  return status === 'revoked'
    ? `A token of it was signed for ${until}, by a clock that was ahead. No instance takes it before that time; from then on the statement covers it too.`
    : `Its next renewal brings a new token. A token for ${until} stays signed: no instance with a right clock takes it before that time. An instance ` +
        `whose clock was ahead too, and holds it, needs the token that "licentia issuer token" prints. ${termsNote({ lid, nbf, lexp }, now)}`;
}

/** What was not mended: which end was agreed is not known, nor whether a start that was named is a mistake. */
function termsNote({ lid, nbf, lexp }: Pick<IssuedLicenseEntity, 'lid' | 'nbf' | 'lexp'>, now: number) {
  const end = `It ends ${isoTime(lexp)}: if the clock that was ahead counted that, run "licentia issuer change ${lid} --expires <time>".`;
  if (nbf <= now) return end;
  return `It begins ${isoTime(nbf)}: if that is wrong, run "licentia issuer change ${lid} --starts <time>". ${end}`;
}

/**
 * Sets back to the present what a clock signed that was ahead: no service with a right clock has taken it. It
 * is remembered, because services could take it once that time has come: statements of revocation cover it
 * then. A license that such a clock issued begins now; its end stays, so that nothing is taken away.
 * @param now - Unix seconds
 * @returns whether there was something to repair
 */
export function repairIat(license: IssuedLicenseEntity, now: number): boolean {
  if (!isAhead(license, now)) return false;
  if (beginsAhead(license, now)) license.nbf = now;
  // Every token before it would count as the first one.
  if (toSeconds(license.createdAt.getTime()) > now) license.createdAt = new Date(now * 1000);
  if (!hasTokenAhead(license, now)) return true;
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
