import { isJsonObject, type JsonObject, type JsonValue } from '../token/strict-json.js';
import { isoDay, parseDay } from './usage-window.js';

/** A report names acknowledged days of so many days at most, the newest ones: issuers may forget older ones. */
export const MAX_ACKNOWLEDGED_DAYS = 1_000;

/** The days of a license that its issuer acknowledged, as far as the service knows. Days since 1970. */
export interface AcknowledgedDays {
  readonly first: number;
  readonly last: number;
  /** So many of them: between the first and the last one can lie days under another license. */
  readonly count: number;
}

/** As the member `acknowledged` of a report. */
export function writeAcknowledged({ first, last, count }: AcknowledgedDays): JsonObject {
  return { first: isoDay(first), last: isoDay(last), count };
}

/** @returns undefined where it is not as {@link writeAcknowledged} writes it */
export function readAcknowledged(value: JsonValue): AcknowledgedDays | undefined {
  if (!isJsonObject(value) || typeof value.first !== 'string' || typeof value.last !== 'string')
    return undefined;
  const [first, last, count] = [parseDay(value.first), parseDay(value.last), Number(value.count)];
  if (first === undefined || last === undefined || value.count !== count) return undefined;
  return Number.isInteger(count) && count >= 1 && count <= last - first + 1
    ? { first, last, count }
    : undefined;
}

/**
 * Whether an issuer lost days that it acknowledged, as by a restore of its database.
 * @param kept - the days that it has
 * @param range - the issuer can have days from the first one of it until the last one
 * @returns the last day before the first one that can be lost; undefined where it has as many as were acknowledged
 */
export function lastBeforeLoss(
  { first, last, count }: AcknowledgedDays,
  kept: ReadonlySet<number>,
  range: { readonly first: number; readonly last: number },
): number | undefined {
  const [from, to] = [Math.max(first, range.first), Math.min(last, range.last)];
  // Days outside of the range can all have been acknowledged.
  let missing = count - (from - first) - (last - to);
  let gap: number | undefined;
  for (let day = from; day <= to; day += 1) {
    if (kept.has(day)) missing -= 1;
    else gap ??= day;
  }
  return missing > 0 && gap !== undefined ? gap - 1 : undefined;
}
