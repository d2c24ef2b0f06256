/** How many seats were used on a day. */
export interface UsagePoint {
  readonly day: number;
  readonly used: number;
}

/** When seats run out if they fill as they did: days since 1970. */
export interface SeatForecast {
  readonly method: 'theil-sen';
  /** How many days it is based on. */
  readonly days: number;
  readonly seatsPerDay: number;
  readonly day: number;
  /** With 95 % of certainty between these; `latest` is undefined where the line may as well not rise. */
  readonly earliest: number;
  readonly latest: number | undefined;
}

const MIN_DAYS = 14;
const MAX_DAYS = 90;
/** What is further away is no forecast any more, days. */
const HORIZON = 3_650;
/** The two-sided 95 % quantile of the normal distribution. */
const Z = 1.96;

/**
 * Forecasts when a limit is reached, by the line of Theil and Sen: the median of the slopes between all pairs of
 * days, which a few odd days do not move. The range is Sen's interval of that slope (Sen 1968).
 *
 * @param points - of closed days, in any order; those of the 90 days before `today` count
 * @param today - days since 1970
 * @returns undefined with fewer than 14 days, for a line that does not rise, and beyond ten years
 */
export function forecastSeats(
  points: readonly UsagePoint[],
  limit: number,
  today: number,
): SeatForecast | undefined {
  const recent = points.filter(({ day }) => day < today && day >= today - MAX_DAYS);
  if (recent.length < MIN_DAYS) return undefined;
  const slopes = slopesOf(recent);
  const slope = median(slopes);
  if (!(slope > 0)) return undefined;
  const [lowest, highest] = interval(slopes, recent.length);
  const day = dayOfLimit(recent, slope, limit, today);
  if (day > today + HORIZON) return undefined;
  const latest = lowest > 0 ? dayOfLimit(recent, lowest, limit, today) : Infinity;
  return {
    method: 'theil-sen',
    days: recent.length,
    seatsPerDay: slope,
    day,
    earliest: Math.min(day, dayOfLimit(recent, highest, limit, today)),
    latest: latest > today + HORIZON ? undefined : Math.max(day, latest),
  };
}

function slopesOf(points: readonly UsagePoint[]): number[] {
  return points
    .flatMap((a, index) =>
      points.slice(index + 1).flatMap((b) => (a.day === b.day ? [] : [(b.used - a.used) / (b.day - a.day)])),
    )
    .sort((a, b) => a - b);
}

/** The slopes between which the true one lies. @param slopes - in their order */
function interval(slopes: readonly number[], count: number): [lowest: number, highest: number] {
  const width = Z * Math.sqrt((count * (count - 1) * (2 * count + 5)) / 18);
  const lower = Math.max(0, Math.floor((slopes.length - width) / 2));
  const upper = Math.min(slopes.length - 1, Math.ceil((slopes.length + width) / 2));
  return [slopes[lower] as number, slopes[upper] as number];
}

/** Where a line of this slope through the middle of the points reaches the limit; not before today. */
function dayOfLimit(points: readonly UsagePoint[], slope: number, limit: number, today: number): number {
  const offset = median(points.map(({ day, used }) => used - slope * day).sort((a, b) => a - b));
  return Math.max(today, Math.ceil((limit - offset) / slope));
}

/** @param sorted - at least one value, in their order */
function median(sorted: readonly number[]): number {
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}
