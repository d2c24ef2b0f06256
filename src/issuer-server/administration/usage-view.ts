import { toSeconds } from '../../domain/clock.js';
import { isoDay } from '../../domain/usage/usage-window.js';
import type { ReportedLicense } from '../licenses/license-register.js';
import type { DayNumbers } from '../usage/day-numbers.entity.js';
import type { DisputedDayEntity } from '../usage/disputed-day.entity.js';
import type { LicenseUse } from '../usage/usage-report.store.js';

/** `list --usage` for a program. */
export function publicUsageView({ license, use }: ReportedLicense) {
  const { lid, company, sub, includedUsers } = license;
  return { lid, sub, company, included_users: includedUsers, usage: publicUsage(use) };
}

/** What was reported; null where nothing was. Times in Unix seconds, days in UTC, the newest first. */
export function publicUsage(use: LicenseUse | undefined) {
  if (use === undefined) return null;
  const { counts, days, disputes } = use;
  return {
    reported_at: toSeconds(counts.reportedAt.getTime()),
    ...activeMembers(counts),
    head: counts.headDay === null ? null : { day: isoDay(counts.headDay), hash: counts.headHash },
    days: days.map((day) => ({
      day: isoDay(day.day),
      ...numbersOf(day),
      ...disputeOf(disputes.get(day.day)),
    })),
  };
}

/** A day that is not disputed has no such member. */
function disputeOf(dispute: DisputedDayEntity | undefined) {
  if (dispute === undefined) return {};
  return { disputed: { ...numbersOf(dispute), since: toSeconds(dispute.disputedAt.getTime()) } };
}

function numbersOf(day: DayNumbers) {
  return {
    ...{ used: day.used, limit: day.limit, peak: day.peak, denials: day.denials },
    ...activeMembers(day),
    reported_at: toSeconds(day.reportedAt.getTime()),
  };
}

type Active = Pick<DayNumbers, 'adminsAndEditors' | 'viewers' | 'users' | 'devices'>;

function activeMembers({ adminsAndEditors, viewers, users, devices }: Active) {
  return {
    active_admins_and_editors: adminsAndEditors,
    active_viewers: viewers,
    active_users: users,
    active_anonymous_devices: devices,
  };
}
