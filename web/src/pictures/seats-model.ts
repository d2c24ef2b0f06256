import { dayBefore, type SeatsState } from '../seats-state.js';
import { DAY, type Moment } from '../moments.js';
import { placeOf, type Scale } from './time-scale.js';

/** A forecast that is farther away is named in words alone, days. */
const MAX_DAYS_AHEAD = 60;
/** The least that is drawn, days: one bar alone would fill the picture. */
const MIN_DAYS = 14;

/** A day as it is drawn. */
export interface DayBar {
  /** A UTC day, as the API writes it. */
  readonly day: string;
  /** When it begins, Unix seconds. */
  readonly at: Moment;
  /** The most seats that were used at once. */
  readonly peak: number;
  /** At its end; of the present day, now. */
  readonly used: number;
  readonly limit: number | null;
  readonly denials: number;
  /** The present day is not closed: its peak is not known yet. */
  readonly isToday: boolean;
}

/** When seats run out, within its range. Places are from 0 to 1. */
export interface ForecastLine {
  readonly from: number;
  readonly to: number;
  readonly earliest: number;
  readonly latest: number;
  readonly used: number;
  readonly limit: number;
}

/** A part of the line of the limit. Places are from 0 to 1. */
export interface LimitStep {
  readonly from: number;
  readonly to: number;
  readonly limit: number;
}

export interface SeatsChart {
  readonly scale: Scale;
  /** The number at the upper end. */
  readonly top: number;
  readonly bars: readonly DayBar[];
  readonly limits: readonly LimitStep[];
  readonly forecast: ForecastLine | undefined;
}

export function momentOfDay(day: string): Moment {
  return Date.parse(`${day}T00:00:00Z`) / 1_000;
}

export function barsOf({ usage, days }: SeatsState): DayBar[] {
  const today = dayBefore(usage.measuredAt, 0);
  const closed = days
    .filter(({ day }) => day !== today)
    .map(({ day, peak, used, limit, denials }) => ({
      ...{ day, at: momentOfDay(day), peak, used, limit, denials },
      isToday: false,
    }));
  const { used, limit } = usage;
  const present = { day: today, at: momentOfDay(today), peak: used, used, limit, denials: 0, isToday: true };
  return [...closed, present].sort((a, b) => a.at - b.at);
}

/** A round number that is not below: the upper end of an axis. */
export function roundUp(value: number): number {
  if (value <= 4) return 4;
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10].find((one) => one * power >= value) ?? 10;
  return Math.ceil(factor * power);
}

export function chartOf(state: SeatsState): SeatsChart {
  const bars = barsOf(state);
  const today = bars.find(({ isToday }) => isToday)?.at ?? 0;
  const { forecast, limit } = state.usage;
  const ahead = forecast === null ? undefined : momentOfDay(forecast.latest ?? forecast.date);
  const isNear = ahead !== undefined && ahead <= today + MAX_DAYS_AHEAD * DAY && limit !== null;
  const from = Math.min(bars[0]?.at ?? today, today - (MIN_DAYS - 1) * DAY);
  const scale = { from, to: (isNear ? Math.max(ahead, today) : today) + DAY };
  const highest = Math.max(...bars.map((bar) => Math.max(bar.peak, bar.limit ?? 0)), limit ?? 0);
  return {
    scale,
    top: roundUp(highest * 1.08),
    bars,
    limits: limitsOf(bars, scale),
    forecast:
      forecast === null || !isNear
        ? undefined
        : {
            from: placeOf(scale, today + DAY / 2),
            to: placeOf(scale, momentOfDay(forecast.date) + DAY / 2),
            earliest: placeOf(scale, momentOfDay(forecast.earliest) + DAY / 2),
            latest: placeOf(scale, ahead + DAY / 2),
            used: state.usage.used,
            limit,
          },
  };
}

/** The limit of each day, as long as it stays the same. The last one goes on to the right end. */
function limitsOf(bars: readonly DayBar[], scale: Scale): LimitStep[] {
  const steps: LimitStep[] = [];
  bars.forEach(({ at, limit }, index) => {
    if (limit === null) return;
    const until = bars[index + 1]?.at ?? scale.to;
    const last = steps.at(-1);
    const [from, to] = [placeOf(scale, at), placeOf(scale, until)];
    if (last?.limit === limit && Math.abs(last.to - from) < 1e-9) steps[steps.length - 1] = { ...last, to };
    else steps.push({ from, to, limit });
  });
  return steps;
}

/** The points of the line of the limit: along a day, and up or down to the next one. @returns for `d` of a path */
export function limitPath(
  steps: readonly LimitStep[],
  x: (place: number) => number,
  y: (seats: number) => number,
): string {
  return steps
    .map(({ from, to, limit }, index) => {
      const before = steps[index - 1];
      const isJoined = before !== undefined && Math.abs(before.to - from) < 1e-9;
      return `${isJoined ? 'L' : 'M'}${x(from)} ${y(limit)}H${x(to)}`;
    })
    .join('');
}

/** The day at a place from 0 to 1: the nearest one that has a bar. */
export function barAt(
  { scale, bars }: Pick<SeatsChart, 'scale' | 'bars'>,
  place: number,
): DayBar | undefined {
  const at = scale.from + place * (scale.to - scale.from) - DAY / 2;
  return bars.reduce<DayBar | undefined>(
    (nearest, bar) =>
      nearest === undefined || Math.abs(bar.at - at) < Math.abs(nearest.at - at) ? bar : nearest,
    undefined,
  );
}
