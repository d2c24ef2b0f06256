import { DAY } from '../clock.js';

/** How long a subject counts after being seen. Days are UTC, so nobody stops counting in the middle of one. */
export const USAGE_WINDOWS = ['rolling-30d', 'calendar-month'] as const;

export type UsageWindow = (typeof USAGE_WINDOWS)[number];

const ROLLING_DAYS = 30;

/** The UTC day of a moment: days since 1970. @param moment - Unix seconds */
export function dayOf(moment: number): number {
  return Math.floor(moment / DAY);
}

/** The first moment of a day, Unix seconds. */
export function startOf(day: number): number {
  return day * DAY;
}

/** A day by ISO 8601, `2026-11-27`. */
export function isoDay(day: number): string {
  return new Date(startOf(day) * 1000).toISOString().slice(0, 10);
}

/** The day that a text of ISO 8601 names; undefined where it names none. */
export function parseDay(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return undefined;
  const day = Date.parse(`${text}T00:00:00Z`) / 1000 / DAY;
  return Number.isInteger(day) && isoDay(day) === text ? day : undefined;
}

/** The first day on which being seen counts, at a day. */
export function windowStart(window: UsageWindow, day: number): number {
  return window === 'rolling-30d' ? day - ROLLING_DAYS + 1 : monthStart(day, 0);
}

/** The moment at which a subject stops counting who is not seen after a day, Unix seconds. */
export function activeUntil(window: UsageWindow, lastDay: number): number {
  return startOf(window === 'rolling-30d' ? lastDay + ROLLING_DAYS : monthStart(lastDay, 1));
}

/**
 * Whether a subject who was seen last on a day counts at another one. A later day counts too: a clock that is set
 * back makes nobody inactive.
 */
export function isActive(window: UsageWindow, lastDay: number, day: number): boolean {
  return lastDay >= windowStart(window, day);
}

/** @param months - how many months after that of the day */
function monthStart(day: number, months: number): number {
  const date = new Date(startOf(day) * 1000);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1) / 1000 / DAY;
}
