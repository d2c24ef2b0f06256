import { startOf } from './usage-window.js';

/** The wall clock differs from what it would show unset by less, seconds, where nobody set it. */
const MAX_DRIFT = 2;
/** The clocks of two machines agree within this, seconds. */
const MAX_DIFFERENCE = 10;
/** A clock that was set, and stays so, is believed after so long, seconds: a day. */
const SETTLE = 86_400;

/** How the wall clock stands to the time that passed. All in seconds. */
export interface ClockBase {
  /** The wall clock less the time that passed: the same as long as nobody sets the clock. */
  readonly offset: number;
  /** When the clock was set to what is not believed yet, by the time that passed; undefined for one that was not. */
  readonly setAt: number | undefined;
}

/**
 * What is believed of the clock after one more look at it.
 *
 * @param base - after the look before; undefined for the first one, which is believed
 * @param now - the wall clock, Unix seconds
 * @param passed - seconds since an arbitrary moment, which no setting of the clock changes
 */
export function lookAtClock(base: ClockBase | undefined, now: number, passed: number): ClockBase {
  const offset = now - passed;
  if (base === undefined) return { offset, setAt: undefined };
  if (Math.abs(offset - base.offset) <= MAX_DRIFT) return { offset: base.offset, setAt: undefined };
  const { setAt = passed } = base;
  return passed - setAt >= SETTLE ? { offset, setAt: undefined } : { offset: base.offset, setAt };
}

/** What is known of the time, Unix seconds. */
export interface TimeEvidence {
  /** What the wall clock says. */
  readonly now: number;
  /** What it would say had nobody set it. */
  readonly unset: number;
  /** What the clock of the database's server says; undefined where that is not known, and for the embedded database. */
  readonly server: number | undefined;
}

/**
 * The earliest moment that a clock says, as a day that is closed, or a seat that was freed, too early cannot be taken
 * back. What may be inaccuracy does not count.
 *
 * @returns Unix seconds
 */
export function earliestMoment({ now, unset, server = Infinity }: TimeEvidence): number {
  const isSet = now - unset > MAX_DRIFT;
  const isContradicted = now - server > MAX_DIFFERENCE;
  return Math.floor(Math.min(now, isSet ? unset : now, isContradicted ? server : now));
}

/**
 * The moment by which usage is recorded and counted. It stays in the open day until that is closed: the clock of the
 * database's server has a say in that, and may be seconds behind.
 *
 * @param earliest - that a clock says, Unix seconds
 * @param openDay - every day before it is closed; undefined while that is not known
 * @returns Unix seconds
 */
export function usageMoment(earliest: number, openDay: number | undefined): number {
  return openDay === undefined ? earliest : Math.min(earliest, startOf(openDay + 1) - 1);
}
