import { KEY_SET_KEPT } from '../domain/token/key-rotation.js';

/** How long a set that could not be fetched again is still good, milliseconds. */
export const KEPT_MS = KEY_SET_KEPT * 1000;
/**
 * Least time between two fetches that unknown `kid`s ask for, and between two tries of a failing source;
 * milliseconds.
 */
export const COOL_DOWN_MS = 30_000;
/** The first wait between two tries while there are no keys at all; it doubles with each failure. Milliseconds. */
const FIRST_RETRY_MS = 1_000;

/**
 * How long to wait before the next fetch, milliseconds.
 * @param freshMs - how long the current set stays fresh, milliseconds; undefined without a set
 * @param failures - in a row, up to now
 */
export function nextFetchMs(freshMs: number | undefined, failures: number): number {
  if (freshMs === undefined) return Math.min(COOL_DOWN_MS, FIRST_RETRY_MS * 2 ** (failures - 1));
  if (failures > 0) return COOL_DOWN_MS;
  // Never further ahead than a day, also after a clock jump: a timer's 32 bits would overflow.
  return Math.min(KEPT_MS, Math.max(COOL_DOWN_MS, freshMs));
}
