import type { Admission, AdmissionReason } from '../domain/usage/admission.js';
import { percentOf, totalLimit } from '../domain/usage/seat-count.js';
import type { SeatPolicy } from '../domain/usage/seat-policy.js';
import type { SeatPoolName } from '../domain/usage/seat-terms.js';
import type { UserRole } from '../domain/usage/subject.js';
import { dayOf, isoDay, windowStart } from '../domain/usage/usage-window.js';
import type { PoolForecast } from './usage-forecaster.js';
import type { UsageReport } from './usage.service.js';

/** Times are Unix seconds; null stands for any number, and for what there is not. */
export interface AdmissionResponse {
  readonly admitted: boolean;
  readonly reason: AdmissionReason;
  readonly used: number;
  readonly limit: number | null;
  readonly freesAt: number | null;
}

/** How full something is. */
export interface FillResponse {
  readonly used: number;
  readonly limit: number | null;
  /** How many more; never negative. */
  readonly remaining: number | null;
  /** How many above the limit. */
  readonly overage: number;
  /** Rounded down. */
  readonly percent: number | null;
}

export interface UsageResponse extends FillResponse {
  readonly licensed: boolean;
  /** Those that share a limit; one unless roles have limits of their own. */
  readonly pools: readonly (FillResponse & { readonly name: SeatPoolName })[];
  readonly roles: Readonly<Record<UserRole, number>>;
  readonly devices: { readonly active: number; readonly seats: number; readonly ratio: number };
  readonly window: { readonly kind: SeatPolicy['window']; readonly since: string };
  readonly policy: {
    readonly mode: SeatPolicy['mode'];
    readonly tolerance_percent: number;
    readonly leave: SeatPolicy['leave'];
  };
  readonly policyFaults: readonly string[];
  readonly warning: {
    readonly level: number | null;
    readonly percent: number | null;
    readonly of: string | null;
  };
  readonly ownLimit: FillResponse | null;
  readonly forecast: {
    readonly method: 'theil-sen';
    readonly days: number;
    readonly pool: SeatPoolName;
    readonly seatsPerDay: number;
    readonly date: string;
    readonly earliest: string;
    readonly latest: string | null;
  } | null;
  readonly measuredAt: number;
  /** How old the count is, seconds: above 0 while the database is away. */
  readonly age: number;
}

export function admissionResponse({ limit, freesAt, ...admission }: Admission): AdmissionResponse {
  return { ...admission, limit: limit ?? null, freesAt: freesAt ?? null };
}

export function usageResponse({
  count,
  moment,
  terms,
  warning,
  ownLimit,
  forecast,
  measurement,
}: UsageReport): UsageResponse {
  const { mode, tolerancePercent, window, leave } = terms.policy;
  const { measuredAt, age } = measurement;
  return {
    licensed: terms.isLicensed,
    ...fill(count.used, totalLimit(count)),
    pools: count.pools.map(({ name, used, limit }) => ({ name, ...fill(used, limit) })),
    roles: count.byRole,
    devices: { active: count.devices, seats: count.deviceSeats, ratio: terms.anonymousRatio },
    window: { kind: window, since: isoDay(windowStart(window, dayOf(moment))) },
    policy: { mode, tolerance_percent: tolerancePercent, leave },
    policyFaults: terms.policyFaults,
    warning: { level: warning.level ?? null, percent: warning.percent ?? null, of: warning.of ?? null },
    ownLimit: ownLimit === undefined ? null : fill(count.used, ownLimit),
    forecast: forecast === undefined ? null : forecastResponse(forecast),
    measuredAt,
    age: Math.floor(age),
  };
}

function forecastResponse({ day, earliest, latest, ...forecast }: PoolForecast) {
  return {
    ...forecast,
    date: isoDay(day),
    earliest: isoDay(earliest),
    latest: latest === undefined ? null : isoDay(latest),
  };
}

function fill(used: number, limit: number | undefined): FillResponse {
  if (limit === undefined) return { used, limit: null, remaining: null, overage: 0, percent: null };
  return {
    used,
    limit,
    remaining: Math.max(0, limit - used),
    overage: Math.max(0, used - limit),
    percent: percentOf(used, limit),
  };
}
