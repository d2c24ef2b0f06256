import type { JsonObject } from '../../../src/domain/token/strict-json.js';

/** What the issuer does with a report of usage: takes it, says nothing of it, or answers 400 to a renewal with one. */
export const MANNERS = ['take', 'ignore', 'refuse'] as const;

export type Manner = (typeof MANNERS)[number];

/** The reports of usage that an issuer got, and the days that it took: each one once. In memory. */
export class TakenReports {
  readonly received: { readonly lid: string; readonly usage: JsonObject }[] = [];
  readonly #days = new Map<string, Map<string, JsonObject>>();
  manner: Manner = 'take';

  /** The days of a license in the order in which they came. */
  days(lid: string): readonly JsonObject[] {
    return [...(this.#days.get(lid)?.values() ?? [])];
  }

  /** @returns what the answer to the renewal says of the report */
  take(lid: string, usage: JsonObject | undefined): { readonly usage?: { readonly until: string | null } } {
    if (usage === undefined) return {};
    this.received.push({ lid, usage });
    if (this.manner !== 'take') return {};
    const kept = this.#days.get(lid) ?? new Map<string, JsonObject>();
    this.#days.set(lid, kept);
    const days = usage.days as unknown as readonly (JsonObject & { readonly day: string })[];
    for (const day of days) if (!kept.has(day.day)) kept.set(day.day, day);
    return { usage: { until: days.at(-1)?.day ?? null } };
  }
}
