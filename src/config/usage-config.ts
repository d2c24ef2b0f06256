import { SettingError } from './setting-error.js';
import { integer, list, longSecret, oneOf, optional, withDefault } from './setting.js';

const MAX_LEVELS = 10;

/** Per cents in rising order. */
const levels = {
  parse: (text: string): readonly number[] => {
    const found = list.parse(text).map((level) => integer(1, 1000).parse(level));
    const isRising = found.every((level, index) => index === 0 || level > (found[index - 1] as number));
    if (!isRising || found.length > MAX_LEVELS)
      throw new SettingError(`must be 1 to ${MAX_LEVELS} rising numbers`);
    return Object.freeze(found);
  },
};

/** `auto`: where the license says `usage_billing`. */
const USAGE_REPORT_CHOICES = ['auto', 'on', 'off'] as const;

export type UsageReportChoice = (typeof USAGE_REPORT_CHOICES)[number];

/** What can be set about usage and seats. */
export const USAGE_SETTINGS = {
  USAGE_HASH_KEY: longSecret,
  USAGE_OWN_LIMIT: optional(integer(1, 2_147_483_647)),
  USAGE_WARN_PERCENT: withDefault(levels, '80,90,100'),
  USAGE_SESSION_IDLE_SECONDS: withDefault(integer(1, 31_536_000), '3600'),
  USAGE_REPORT: withDefault(oneOf(...USAGE_REPORT_CHOICES), 'auto'),
};

export interface UsageConfig {
  /** Of the hashes of subjects; undefined for one of the database's. */
  readonly hashKey: string | undefined;
  /** The operator's limit, for warnings alone. */
  readonly ownLimit: number | undefined;
  /** When to warn, per cent of a limit, in rising order. */
  readonly warnPercent: readonly number[];
  /** A session that is silent for so long is over. */
  readonly sessionIdleSeconds: number;
  /** Whether renewals tell the issuer how many seats are used. */
  readonly report: UsageReportChoice;
}

export function usageConfig(values: {
  readonly USAGE_HASH_KEY: string | undefined;
  readonly USAGE_OWN_LIMIT: number | undefined;
  readonly USAGE_WARN_PERCENT: readonly number[];
  readonly USAGE_SESSION_IDLE_SECONDS: number;
  readonly USAGE_REPORT: UsageReportChoice;
}): UsageConfig {
  return {
    hashKey: values.USAGE_HASH_KEY,
    ownLimit: values.USAGE_OWN_LIMIT,
    warnPercent: values.USAGE_WARN_PERCENT,
    sessionIdleSeconds: values.USAGE_SESSION_IDLE_SECONDS,
    report: values.USAGE_REPORT,
  };
}
