/**
 * Where the time comes from. Decisions take the moment as an argument; the caller that starts
 * one reads the clock once. Tests pass a clock of their own.
 */
export interface Clock {
  /** Wall time, Unix milliseconds. */
  now(): number;
  /** A time that never goes back, milliseconds since an arbitrary moment: for ages and deadlines. */
  monotonic(): number;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};

/** Injection token of the {@link Clock}. */
export const CLOCK = Symbol('Clock');

/** Unix seconds of a moment in Unix milliseconds, rounded down: the unit of every claim. */
export function toSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}

/** @param seconds - Unix seconds. @returns the moment by ISO 8601, in UTC, without fractions */
export function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** The length of a day in seconds. */
export const DAY = 86_400;
