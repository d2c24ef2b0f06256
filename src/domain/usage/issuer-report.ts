import { isJsonObject, type JsonObject, type JsonValue } from '../token/strict-json.js';
import { type AcknowledgedDays, readAcknowledged, writeAcknowledged } from './acknowledged-days.js';
import type { ActiveCounts } from './seat-count.js';
import { isoDay, parseDay } from './usage-window.js';

/** So many days go with one report: the oldest ones first, so that the next reports bring the others. */
export const MAX_REPORTED_DAYS = 100;

/** Every name of a count in a report. */
const ACTIVE_COUNTS = [
  'active_admins_and_editors',
  'active_viewers',
  'active_users',
  'active_anonymous_devices',
] as const satisfies readonly (keyof ActiveCounts)[];

/** A closed day as the issuer gets it: numbers alone. */
export interface ReportedDay extends ActiveCounts {
  /** Days since 1970. */
  readonly day: number;
  readonly used: number;
  /** Null for any number. */
  readonly limit: number | null;
  readonly peak: number;
  readonly denials: number;
}

/** The last closed day of the ledger and its hash, which stands for all days before it. */
export interface LedgerHead {
  readonly day: number;
  readonly hash: string;
}

/** What a renewal tells the issuer about the use of the license. */
export interface IssuerReport {
  readonly counts: ActiveCounts;
  /** In rising order. */
  readonly days: readonly ReportedDay[];
  /** Null before the first day was closed. */
  readonly head: LedgerHead | null;
  /** Which days before these need not come again, so that the issuer can say that it lost some. Undefined for none. */
  readonly acknowledged?: AcknowledgedDays | undefined;
}

/** A report as the member `usage` of a renewal. */
export function writeIssuerReport({ counts, days, head, acknowledged }: IssuerReport): JsonObject {
  return {
    ...activeIn(counts),
    days: days.map(({ day, used, limit, peak, denials, ...active }) => ({
      day: isoDay(day),
      ...{ used, limit, peak, denials },
      ...activeIn(active),
    })),
    head: head === null ? null : { day: isoDay(head.day), hash: head.hash },
    ...(acknowledged !== undefined && { acknowledged: writeAcknowledged(acknowledged) }),
  };
}

/**
 * Reads the member `usage` of a renewal. Unknown members mean nothing.
 * @returns undefined where anything else of it is not as {@link writeIssuerReport} writes it
 */
export function readIssuerReport(usage: JsonObject): IssuerReport | undefined {
  const counts = readActive(usage);
  const days = Array.isArray(usage.days) ? usage.days.map(readDay) : undefined;
  const head = usage.head === null ? null : readHead(usage.head);
  if (counts === undefined || days === undefined || head === undefined) return undefined;
  const acknowledged = usage.acknowledged === undefined ? undefined : readAcknowledged(usage.acknowledged);
  if (usage.acknowledged !== undefined && acknowledged === undefined) return undefined;
  const read = days.filter((day) => day !== undefined);
  const isRising = read.every(({ day }, index) => index === 0 || day > (read[index - 1] as ReportedDay).day);
  return read.length === days.length && isRising ? { counts, days: read, head, acknowledged } : undefined;
}

/** A row of the ledger as a reported day. @param content - what `ledgerDay` made */
export function reportedDay(day: number, content: JsonObject): ReportedDay {
  const read = readDay({ ...content, day: isoDay(day) });
  if (read === undefined) throw new Error(`the ledger has a row for ${isoDay(day)} that is none`);
  return read;
}

function readDay(value: JsonValue | undefined): ReportedDay | undefined {
  if (!isJsonObject(value) || typeof value.day !== 'string') return undefined;
  const { used, peak, denials, limit } = value;
  const [day, active] = [parseDay(value.day), readActive(value)];
  if (day === undefined || active === undefined) return undefined;
  if (!isCount(used) || !isCount(peak) || !isCount(denials) || !(limit === null || isCount(limit)))
    return undefined;
  return { day, used, limit, peak, denials, ...active };
}

function readHead(value: JsonValue | undefined): LedgerHead | undefined {
  if (!isJsonObject(value) || typeof value.day !== 'string' || typeof value.hash !== 'string')
    return undefined;
  const day = parseDay(value.day);
  return day === undefined || !/^[0-9a-f]{64}$/.test(value.hash) ? undefined : { day, hash: value.hash };
}

function readActive(value: JsonObject): ActiveCounts | undefined {
  const counts = ACTIVE_COUNTS.map((name) => value[name]);
  return counts.every(isCount) ? activeIn(value as unknown as ActiveCounts) : undefined;
}

/** Those members alone. */
function activeIn(counts: ActiveCounts): Record<keyof ActiveCounts, number> {
  const { active_admins_and_editors, active_viewers, active_users, active_anonymous_devices } = counts;
  return { active_admins_and_editors, active_viewers, active_users, active_anonymous_devices };
}

function isCount(value: JsonValue | undefined): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** The answer's member `usage`: the issuer has taken the report. */
export interface UsageAcknowledgment {
  /**
   * The last day that need not be sent again, `2026-11-26`; null where there is none. It is earlier than what was
   * acknowledged before if days of that are lost: those after it have to come again.
   */
  readonly until: string | null;
}

/**
 * Reads the answer's member `usage`.
 * @param sent - the last day that was reported, now or as acknowledged before; undefined where none was
 * @returns the last day that need not be reported again; null for none; undefined where the issuer does not say that it
 *   took the report. An issuer cannot take a day that was not sent.
 */
export function readAcknowledgment(
  value: JsonValue | undefined,
  sent: number | undefined,
): number | null | undefined {
  if (!isJsonObject(value)) return undefined;
  const { until } = value;
  if (until === null) return null;
  const day = typeof until === 'string' ? parseDay(until) : undefined;
  if (day === undefined) return undefined;
  return sent === undefined ? null : Math.min(day, sent);
}
