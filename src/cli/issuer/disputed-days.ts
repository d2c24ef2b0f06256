import { isoTime } from '../../domain/clock.js';
import type { UsageView } from '../../issuer-server/administration/issuer-administration.js';

type Day = NonNullable<UsageView>['days'][number];

/** The numbers of a day, with the words that the tables have for them. */
const WORDS = [
  ['used', 'used'],
  ['limit', 'limit'],
  ['peak', 'peak'],
  ['denials', 'denied'],
  ['active_admins_and_editors', 'admins+editors'],
  ['active_viewers', 'viewers'],
  ['active_users', 'users'],
  ['active_anonymous_devices', 'devices'],
] as const;

/** Which other numbers were reported of a day, and when; null where none were. */
export function disputeText(day: Day | undefined): string | null {
  const disputed = day?.disputed;
  if (day === undefined || disputed === undefined) return null;
  const others = WORDS.filter(([name]) => disputed[name] !== day[name]).map(
    ([name, word]) => `${word} ${disputed[name] ?? 'none'}`,
  );
  return `${others.join(', ')} (${isoTime(disputed.reported_at)})`;
}

/** How many days of a license are disputed; null for none. */
export function disputedDays(usage: UsageView | undefined): number | null {
  return disputesOf(usage).length || null;
}

/** A line for each license that has such days. */
export function disputeWarnings(
  licenses: readonly { readonly lid: string; readonly usage?: UsageView }[],
): string[] {
  return licenses.flatMap(({ lid, usage }) => {
    const [newest, ...more] = disputesOf(usage);
    if (newest === undefined) return [];
    const days = more.length === 0 ? '1 day is' : `${more.length + 1} days are`;
    return [
      `Warning: Of the license ${lid} ${days} disputed, the last one ${newest.day}: tokens of it reported other numbers ` +
        'than those that were reported first, and are kept. docs/issuer-protocol.md (Disputed days) says what to do.',
    ];
  });
}

/** The newest first. */
function disputesOf(usage: UsageView | undefined): readonly Day[] {
  return usage?.days.filter(({ disputed }) => disputed !== undefined) ?? [];
}
