import { MAX_BETWEEN } from '../clock-doubt.js';

/** When a signing key did what, as the clock of its issuer said. */
export interface KeyTimes {
  readonly createdAt: Date;
  readonly activatedAt: Date | null;
  readonly verifyOnlyAt: Date | null;
  readonly retiredAt: Date | null;
}

const NAMES = ['createdAt', 'activatedAt', 'verifyOnlyAt', 'retiredAt'] as const;

/**
 * How far the latest time of a key lies ahead, seconds; 0 where that is no more than clocks may differ. No key does
 * anything tomorrow: a clock that was ahead noted it.
 * @param now - Unix seconds
 */
export function aheadBy(times: KeyTimes, now: number): number {
  const ahead = Math.max(...NAMES.map((name) => (times[name]?.getTime() ?? 0) / 1000)) - now;
  return ahead > MAX_BETWEEN ? ahead : 0;
}

/**
 * What to change where a key has times that lie ahead: all that have not come become now, so their order stays. Each of
 * them happened before now, so nothing that counts from it is shorter than it has to be.
 * @param now - Unix seconds
 * @returns undefined where there is nothing to change
 */
export function presentTimes(times: KeyTimes, now: number): Partial<KeyTimes> | undefined {
  if (aheadBy(times, now) === 0) return undefined;
  const present = new Date(now * 1000);
  const later = NAMES.filter((name) => (times[name]?.getTime() ?? 0) > present.getTime());
  return Object.fromEntries(later.map((name) => [name, present]));
}
