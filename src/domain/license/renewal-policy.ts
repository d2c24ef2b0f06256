import { DAY } from '../clock.js';
import type { LicenseClaims } from './license-claims.js';

/** Of a license's claims, what its renewal follows. */
export type RenewalTerms = Pick<LicenseClaims, 'iat' | 'exp' | 'tok_exp_warn_days' | 'update_days'>;

/** The longest waits after the first, second, … failure in a row, seconds; the last one stays. */
const BACK_OFF = [10, 60, 600, 6_000, DAY];
/**
 * Renewals are spread over this part of the time that passes before they are due, so that a fleet does not
 * ask at once.
 */
const SPREAD = 0.1;
/** No two attempts that nobody asked for follow each other sooner, seconds. */
const MIN_WAIT = 1;
/** With an expired token this wait is never too long, seconds; later on this part of the time since its end is not. */
const EXPIRED_WAIT = 60;
const EXPIRED_SHARE = 1 / 60;
/** After a pause that the issuer asked for, the wait beyond it is never longer, seconds. */
const MAX_AFTER_PAUSE = 600;
/** The longest pause that an issuer gets, seconds: more is a mistake, or of a proxy before it. */
const MAX_PAUSE = 3_600;
/** So long an issuer may pause near `exp` too, seconds, as long as a try fits before `exp`; and after `exp`. */
const USUAL_PAUSE = 60;
/** An issuer that has nothing newer yet is left alone for this long at least, seconds. */
const MIN_PAUSE = 60;

/**
 * When a token's renewal is due (docs/issuer-protocol.md): at the earlier of `exp - tok_exp_warn_days` and
 * `iat + update_days`, but early enough for two more attempts before `exp`. A token whose whole life lies within
 * its warning time is due after half of its life; else it would always be due.
 *
 * @returns Unix seconds
 */
export function renewalDueAt({ iat, exp, tok_exp_warn_days = 0, update_days = 1 }: RenewalTerms): number {
  const life = Math.max(0, exp - iat);
  const warned = exp - tok_exp_warn_days * DAY;
  const regular = Math.min(warned <= iat ? iat + life / 2 : warned, iat + Math.max(1, update_days) * DAY);
  return Math.floor(Math.min(regular, latestDue(exp, life)));
}

/** Whether the issuer should have a newer token by now. @param nowSeconds Unix seconds */
export function isOverdue(terms: RenewalTerms, nowSeconds: number): boolean {
  return nowSeconds >= renewalDueAt(terms);
}

/**
 * The first attempt for a token, somewhat before it is due, so that a fleet that was licensed together does not renew
 * together.
 *
 * @param nowSeconds Unix seconds, as the result
 * @param random from 0 to 1, 1 excluded
 */
export function firstAttemptAt(terms: RenewalTerms, nowSeconds: number, random: number): number {
  const due = renewalDueAt(terms);
  const early = due - Math.max(0, due - terms.iat) * SPREAD * random;
  return Math.max(nowSeconds + random * MIN_WAIT, early);
}

/**
 * The attempt after a failure: a random wait up to 10 s, 1 min, 10 min, 100 min, then a day, but short enough for two
 * more attempts before `exp`. After `exp` at most a minute or a sixtieth of the time since then, so that the license is
 * back soon after the issuer.
 *
 * If the issuer asked for a pause, the attempt follows within ten minutes after it.
 *
 * @param step which of these waits it is, from 1
 * @param nowSeconds Unix seconds, as the result
 * @param random from 0 to 1, 1 excluded
 * @param pause that the issuer asked for, seconds
 */
export function attemptAfterFailure(
  terms: RenewalTerms,
  step: number,
  nowSeconds: number,
  random: number,
  pause?: number,
): number {
  const wait = random * Math.min(maxWait(step), room(terms, nowSeconds, pause));
  return nowSeconds + Math.max(MIN_WAIT, pause === undefined ? wait : pause + wait);
}

/**
 * The longest pause that an issuer gets when it asks for one: a third of the time until `exp`, and an hour at
 * most. Where a third is less than a minute: a minute, or half of the time if that is shorter. After `exp` a minute.
 *
 * A pause that was given never exceeds this later on. One that does was given for another token, or by another clock.
 *
 * @param nowSeconds Unix seconds
 * @returns seconds
 */
export function maxPause({ exp }: Pick<RenewalTerms, 'exp'>, nowSeconds: number): number {
  const left = exp - nowSeconds;
  if (left <= 0) return USUAL_PAUSE;
  return Math.min(MAX_PAUSE, Math.max(left / 3, Math.min(USUAL_PAUSE, left / 2)));
}

/**
 * How many waits were taken in whole after this one. One that was cut short, before `exp`, after it or after
 * a pause, does not count: many hasty tries in a token's last seconds must not make a later wait a long one.
 *
 * @param step which wait it is, from 1
 * @param nowSeconds Unix seconds
 * @param pause that the issuer asked for, seconds
 */
export function stepsTaken(terms: RenewalTerms, step: number, nowSeconds: number, pause?: number): number {
  return room(terms, nowSeconds, pause) < maxWait(step) ? step - 1 : step;
}

/**
 * The attempt after the issuer had nothing newer: at the next regular time, and so early that two more tries fit before
 * `exp`.
 *
 * @param nowSeconds Unix seconds, as the result
 * @param random from 0 to 1, 1 excluded
 */
export function attemptAfterUnchanged(
  { exp, update_days = 1 }: RenewalTerms,
  nowSeconds: number,
  random: number,
): number {
  const left = exp - nowSeconds;
  const regular = Math.max(1, update_days) * DAY * (1 - SPREAD * random);
  return nowSeconds + Math.max(MIN_PAUSE, left > 0 ? Math.min(regular, left / 3) : regular);
}

/** The last third of a token's life, a day at most, is kept for two more tries. */
function latestDue(exp: number, life: number): number {
  return exp - Math.min(DAY, life / 3);
}

function maxWait(step: number): number {
  return BACK_OFF[Math.min(step, BACK_OFF.length) - 1] ?? DAY;
}

/**
 * How long a wait may be so that two more tries fit before `exp`; once that has passed, so that little is
 * added to the time since. After a pause, {@link MAX_AFTER_PAUSE} at most.
 */
function room({ exp }: RenewalTerms, nowSeconds: number, pause?: number): number {
  const left = exp - nowSeconds;
  const fitting = left > 0 ? left / 3 : Math.max(EXPIRED_WAIT, -left * EXPIRED_SHARE);
  return pause === undefined ? fitting : Math.min(fitting, MAX_AFTER_PAUSE);
}
