/** A moment of the API: Unix seconds. */
export type Moment = number;

export const MINUTE = 60;
export const HOUR = 3_600;
export const DAY = 86_400;

/** Longer than any offset of a time zone; `Date` takes no more than this, seconds. */
const MAX_MOMENT = 8_640_000_000_000;

/** Whether a date can be made of it. Licenses without an end have a moment that no calendar knows. */
export function isShowable(at: Moment): boolean {
  return Number.isFinite(at) && Math.abs(at) <= MAX_MOMENT;
}

/**
 * A moment in a zone, to the minute: `5 Dec 2026, 14:03`.
 * @param zone - a name of the IANA database; that of the reader unless given
 */
export function localTime(at: Moment, zone?: string): string {
  if (!isShowable(at)) return String(at);
  return new Intl.DateTimeFormat('en-GB', {
    ...{ day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' },
    timeZone: zone,
  })
    .format(at * 1_000)
    .replace('Sept', 'Sep');
}

/** The same without the time of the day: `5 Dec 2026`. */
export function localDay(at: Moment, zone?: string): string {
  return localTime(at, zone).replace(/,? \d\d:\d\d$/, '');
}

/** The same moment in UTC, to the second: `2026-12-05 13:03:20 UTC`. */
export function utcTime(at: Moment): string {
  if (!isShowable(at)) return String(at);
  return `${new Date(at * 1_000).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** For the attribute of `<time>`. */
export function isoTime(at: Moment): string {
  return isShowable(at) ? new Date(at * 1_000).toISOString() : '';
}

/** A length of time rounded down to one unit: `6 days`, `1 minute`. @param seconds - not below 0 */
export function spanOf(seconds: number): string {
  const [size, name] = (
    [
      [365 * DAY, 'year'],
      [DAY, 'day'],
      [HOUR, 'hour'],
      [MINUTE, 'minute'],
    ] as const
  ).find(([least]) => seconds >= 2 * least) ?? [
    seconds >= MINUTE ? MINUTE : 1,
    seconds >= MINUTE ? 'minute' : 'second',
  ];
  const count = Math.floor(seconds / size);
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}

/** How far a moment is away: `in 6 days`, `3 minutes ago`, `now`. */
export function fromNow(at: Moment, now: Moment): string {
  const seconds = Math.round(at - now);
  if (seconds === 0) return 'now';
  return seconds > 0 ? `in ${spanOf(seconds)}` : `${spanOf(-seconds)} ago`;
}
