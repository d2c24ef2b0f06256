import { DAY } from '../../domain/clock.js';
import type { SeatPolicyClaim } from '../../domain/usage/seat-policy.js';

/** No term of a license is longer. */
export const MAX_DAYS = 36_500;
/** The most that a license counts, as its columns can have it. */
export const MAX_COUNT = 2 ** 31 - 1;

/** What is agreed for a license; all but `sub` has a default. */
export interface LicenseTerms {
  /** The root URL of the instance that it is for. */
  readonly sub: string;
  /** A new UUID unless given. */
  readonly lid?: string | undefined;
  readonly company?: string | undefined;
  readonly products?: readonly string[] | undefined;
  readonly includedUsers?: number | undefined;
  /** Limits by role, in the place of the one for all users. */
  readonly includedAdmins?: number | undefined;
  readonly includedViewers?: number | undefined;
  /** How many anonymous devices take one seat. */
  readonly anonymousRatio?: number | undefined;
  /** How many sessions a user can have at a time. */
  readonly maxSessions?: number | undefined;
  readonly usageBilling?: boolean | undefined;
  readonly seatPolicy?: SeatPolicyClaim | undefined;
  /** When the license begins, Unix seconds: now, unless given. */
  readonly starts?: number | undefined;
  /** How long the license lasts from its beginning, seconds. */
  readonly licenseSeconds?: number | undefined;
  /** How long each of its tokens lasts, seconds. */
  readonly tokenSeconds?: number | undefined;
  readonly licenseWarnDays?: number | undefined;
  readonly tokenWarnDays?: number | undefined;
  /** How often the token is to be renewed, days. */
  readonly updateDays?: number | undefined;
}

const DEFAULTS = {
  products: ['grafana-enterprise'],
  licenseSeconds: 365 * DAY,
  tokenSeconds: 7 * DAY,
  licenseWarnDays: 30,
  updateDays: 1,
} as const;

/** At most so many days before a token's end its holder is warned, unless the terms say otherwise. */
const MAX_TOKEN_WARN_DAYS = 2;

/** The same terms with every default filled in, but those that stay open. */
export function completeTerms(terms: LicenseTerms) {
  const tokenSeconds = terms.tokenSeconds ?? DEFAULTS.tokenSeconds;
  return {
    sub: terms.sub,
    lid: terms.lid,
    company: terms.company ?? null,
    products: terms.products ?? DEFAULTS.products,
    includedUsers: terms.includedUsers ?? null,
    includedAdmins: terms.includedAdmins ?? null,
    includedViewers: terms.includedViewers ?? null,
    anonymousRatio: terms.anonymousRatio ?? null,
    maxSessions: terms.maxSessions ?? null,
    usageBilling: terms.usageBilling ?? false,
    seatPolicy: terms.seatPolicy ?? null,
    starts: terms.starts,
    licenseSeconds: terms.licenseSeconds ?? DEFAULTS.licenseSeconds,
    tokenSeconds,
    licenseWarnDays: terms.licenseWarnDays ?? DEFAULTS.licenseWarnDays,
    tokenWarnDays: terms.tokenWarnDays ?? maxTokenWarnDays(tokenSeconds),
    updateDays: terms.updateDays ?? DEFAULTS.updateDays,
  };
}

/** Never more than half of a token's life: a fresh token must not be one that is warned of. */
export function maxTokenWarnDays(tokenSeconds: number): number {
  return Math.min(MAX_TOKEN_WARN_DAYS, Math.floor(tokenSeconds / 2 / DAY));
}
