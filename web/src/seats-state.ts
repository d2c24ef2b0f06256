import type { Api, Client } from '#client';
import type { Read } from './polling.js';

/** So many days are drawn, the present one among them. */
export const DAYS_SHOWN = 90;
/** So many refusals are listed. */
const DENIALS_SHOWN = 50;

/** A subject that was refused, as the API lists it. */
export type Denial = Api.Denials['denials'][number];

/** All that the service says of seats, read at one moment. */
export interface SeatsState {
  readonly usage: Api.Usage;
  /** Closed days, oldest first. */
  readonly days: readonly Api.UsageDay[];
  /** Undefined where the caller may not see them. */
  readonly denials: readonly Denial[] | undefined;
}

/** @param mayList - whether the caller holds `licensing.usage:read` */
export async function readSeats(api: Client, mayList: boolean): Promise<Read<SeatsState>> {
  const usage = await api.GET('/api/licensing/usage');
  if (!usage.ok) return usage;
  const [days, denials] = await Promise.all([
    api.GET('/api/licensing/usage/history', {
      params: { query: { from: dayBefore(usage.value.measuredAt, DAYS_SHOWN - 1) } },
    }),
    mayList
      ? api.GET('/api/licensing/usage/denials', { params: { query: { limit: DENIALS_SHOWN } } })
      : undefined,
  ]);
  if (!days.ok) return days;
  if (denials?.ok === false) return denials;
  return {
    ok: true,
    value: { usage: usage.value, days: days.value.days, denials: denials?.value.denials },
  };
}

/** A UTC day, as the API writes it: so many days before a moment. @param at - Unix seconds */
export function dayBefore(at: number, days: number): string {
  return new Date((at - days * 86_400) * 1_000).toISOString().slice(0, 10);
}

/** Whether there is anything to show: a limit, or subjects that were ever seen. */
export function hasSeats({ usage, days }: SeatsState): boolean {
  return usage.limit !== null || usage.used > 0 || days.some(({ peak, denials }) => peak > 0 || denials > 0);
}
