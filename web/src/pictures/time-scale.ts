import { DAY, HOUR, type Moment } from '../moments.js';

/** A part of time, drawn from left to right. Moments are Unix seconds. */
export interface Scale {
  readonly from: Moment;
  readonly to: Moment;
}

/** Where a moment is: 0 at the left end, 1 at the right one. Outside of the scale it is at the end that is nearer. */
export function placeOf({ from, to }: Scale, at: Moment): number {
  if (to <= from) return 0;
  return Math.min(1, Math.max(0, (at - from) / (to - from)));
}

/** The moment at a place from 0 to 1, a whole second. */
export function momentAt({ from, to }: Scale, place: number): Moment {
  return Math.round(from + Math.min(1, Math.max(0, place)) * (to - from));
}

/** A moment that the axis names. */
export interface Tick {
  readonly at: Moment;
  readonly label: string;
}

type Step = { readonly hours: number } | { readonly days: number } | { readonly months: number };

const STEPS: readonly Step[] = [
  ...[1, 2, 3, 6, 12].map((hours) => ({ hours })),
  ...[1, 2, 7, 14].map((days) => ({ days })),
  ...[1, 2, 3, 6, 12, 24, 60, 120, 600, 1_200].map((months) => ({ months })),
];

function sizeOf(step: Step): number {
  if ('hours' in step) return step.hours * HOUR;
  return 'days' in step ? step.days * DAY : step.months * 30.4 * DAY;
}

/**
 * Round moments of the reader's calendar, and the step between them: whole hours, days, months or years.
 * @param most - how many labels the axis has room for
 * @param isUtc - whether the calendar is that of UTC
 */
export function ticksOf({ from, to }: Scale, most: number, isUtc = false): Tick[] {
  const step = STEPS.find((one) => (to - from) / sizeOf(one) <= most) ?? STEPS.at(-1);
  if (step === undefined || to <= from || most < 1) return [];
  const offset = isUtc ? 'Utc' : 'Local';
  const ticks: Tick[] = [];
  for (let at = roundDown(from, step, offset); at < to; at = after(at, step, offset)) {
    if (at >= from) ticks.push({ at, label: labelOf(at, step, isUtc) });
  }
  return ticks;
}

type Calendar = 'Utc' | 'Local';

function partsOf(at: Moment, calendar: Calendar): [year: number, month: number, day: number, hour: number] {
  const date = new Date(at * 1_000);
  return calendar === 'Utc'
    ? [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate(), date.getUTCHours()]
    : [date.getFullYear(), date.getMonth(), date.getDate(), date.getHours()];
}

function momentOf(calendar: Calendar, year: number, month: number, day: number, hour: number): Moment {
  const ms =
    calendar === 'Utc'
      ? Date.UTC(year, month, day, hour)
      : new Date(year, month, day, hour, 0, 0, 0).getTime();
  return ms / 1_000;
}

function roundDown(at: Moment, step: Step, calendar: Calendar): Moment {
  const [year, month, day, hour] = partsOf(at, calendar);
  if ('hours' in step) return momentOf(calendar, year, month, day, hour - (hour % step.hours));
  if ('days' in step) {
    // Weeks begin on a Monday: 1970-01-05 was one.
    const days = Math.floor(Date.UTC(year, month, day) / 1_000 / DAY) - 4;
    return momentOf(calendar, year, month, day - (((days % step.days) + step.days) % step.days), 0);
  }
  const months = year * 12 + month;
  const round = months - (months % step.months);
  return momentOf(calendar, Math.floor(round / 12), round % 12, 1, 0);
}

/** The next one by the calendar: a day has 23, 24 or 25 hours. */
function after(at: Moment, step: Step, calendar: Calendar): Moment {
  const [year, month, day, hour] = partsOf(at, calendar);
  if ('hours' in step) {
    const next = momentOf(calendar, year, month, day, hour + step.hours);
    return next > at ? next : at + step.hours * HOUR;
  }
  if ('days' in step) return momentOf(calendar, year, month, day + step.days, 0);
  return momentOf(calendar, year, month + step.months, 1, 0);
}

function labelOf(at: Moment, step: Step, isUtc: boolean): string {
  const [, month, day, hour] = partsOf(at, isUtc ? 'Utc' : 'Local');
  const options: Intl.DateTimeFormatOptions =
    'hours' in step && hour !== 0
      ? { hour: '2-digit', minute: '2-digit' }
      : 'months' in step
        ? month === 0
          ? { year: 'numeric' }
          : { month: 'short' }
        : month === 0 && day === 1
          ? { year: 'numeric' }
          : { day: 'numeric', month: 'short' };
  return new Intl.DateTimeFormat('en-GB', { ...options, timeZone: isUtc ? 'UTC' : undefined })
    .format(at * 1_000)
    .replace('Sept', 'Sep');
}
