import { isoTime, toSeconds } from '../../domain/clock.js';
import { isoDay } from '../../domain/usage/usage-window.js';
import type { ReportedLicense } from '../licenses/license-register.js';
import type { ReportedDayEntity } from '../usage/reported-day.entity.js';
import type { LicenseUse } from '../usage/usage-report.store.js';
import { textTable } from './text-table.js';

/** `list --usage` for a person: a line for the last counts of each license, and one for each day. */
export function usageTable(licenses: readonly ReportedLicense[]): string {
  const head = [
    ...['LICENSE', 'COMPANY', 'DAY', 'USED', 'LIMIT', 'PEAK', 'DENIED'],
    ...['ADMINS+EDITORS', 'VIEWERS', 'USERS', 'DEVICES', 'REPORTED'],
  ];
  const rows = licenses.flatMap(({ license, use }) => {
    const name = [license.lid, license.company ?? '-'];
    if (use === undefined) return [[...name, 'nothing reported', ...Array<string>(9).fill('-')]];
    const { counts, days } = use;
    const now = [...name, 'last counts', '-', '-', '-', '-', ...activeCells(counts), timeOf(counts)];
    return [
      now,
      ...days.map((day) => [
        ...[...name, isoDay(day.day), String(day.used), String(day.limit ?? 'none')],
        ...[String(day.peak), String(day.denials), ...activeCells(day), timeOf(day)],
      ]),
    ];
  });
  return textTable([head, ...rows]);
}

/** What `show` adds for a person. */
export function usageLines(use: LicenseUse | undefined): string {
  const lines: string[][] = [['Usage', use === undefined ? '-' : nowText(use)]];
  const last = use?.days[0];
  if (last !== undefined)
    lines.push([
      'Last day',
      `${isoDay(last.day)}: ${last.used} seats of ${last.limit ?? 'any number'}, peak ${last.peak}, ${last.denials} denied`,
    ]);
  return lines.map(([name = '', value]) => `${name.padEnd(14)}${value}\n`).join('');
}

/** `list --usage` for a program. */
export function publicUsageView({ license, use }: ReportedLicense) {
  const { lid, company, sub, includedUsers } = license;
  return { lid, sub, company, included_users: includedUsers, usage: publicUsage(use) };
}

/** What was reported; null where nothing was. Times in Unix seconds, days in UTC, the newest first. */
export function publicUsage(use: LicenseUse | undefined) {
  if (use === undefined) return null;
  const { counts, days } = use;
  return {
    reported_at: toSeconds(counts.reportedAt.getTime()),
    ...activeMembers(counts),
    head: counts.headDay === null ? null : { day: isoDay(counts.headDay), hash: counts.headHash },
    days: days.map((day) => ({
      day: isoDay(day.day),
      ...{ used: day.used, limit: day.limit, peak: day.peak, denials: day.denials },
      ...activeMembers(day),
      reported_at: toSeconds(day.reportedAt.getTime()),
    })),
  };
}

type Active = Pick<ReportedDayEntity, 'adminsAndEditors' | 'viewers' | 'users' | 'devices'>;

function activeMembers({ adminsAndEditors, viewers, users, devices }: Active) {
  return {
    active_admins_and_editors: adminsAndEditors,
    active_viewers: viewers,
    active_users: users,
    active_anonymous_devices: devices,
  };
}

function activeCells({ adminsAndEditors, viewers, users, devices }: Active): string[] {
  return [adminsAndEditors, viewers, users, devices].map(String);
}

function timeOf({ reportedAt }: { readonly reportedAt: Date }): string {
  return isoTime(toSeconds(reportedAt.getTime()));
}

function nowText({ counts }: LicenseUse): string {
  const { adminsAndEditors, viewers, users, devices } = counts;
  return (
    `${users} users (${adminsAndEditors} admins and editors, ${viewers} viewers) and ${devices} devices, ` +
    `reported ${timeOf(counts)}`
  );
}
