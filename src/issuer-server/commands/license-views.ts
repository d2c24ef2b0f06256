import { DAY, isoTime, toSeconds } from '../../domain/clock.js';
import { readSeatPolicy } from '../../domain/usage/seat-policy.js';
import type { ChangedTerms } from '../licenses/changed-terms.js';
import type { LicenseEventEntity } from '../licenses/license-event.entity.js';
import type { LicenseOverview } from '../licenses/license-overview.js';
import { textTable } from './text-table.js';
import { withoutInvisible } from '../../domain/invisible-character.js';

/** `list` for a person. */
export function licenseTable(overviews: readonly LicenseOverview[]): string {
  const head = [
    ...['LICENSE', 'STATUS', 'COMPANY', 'ISSUER', 'INSTANCE', 'PRODUCTS', 'USERS', 'STARTS', 'ENDS'],
    ...['LAST TOKEN', 'LAST RENEWAL', 'NEXT END'],
  ];
  const rows = overviews.map(({ license, iss, lastToken, lastRenewal, nextEnd }) => [
    ...[license.lid, license.status, license.company ?? '-', iss, license.sub, license.prod.join(',')],
    ...[String(license.includedUsers ?? '-'), isoTime(license.nbf), isoTime(license.lexp)],
    ...[time(lastToken?.iat), renewalText(lastRenewal), time(nextEnd)],
  ]);
  return textTable([head, ...rows]);
}

/** `show` for a person. */
export function licenseSheet({ license, iss, lastToken, lastRenewal, nextEnd }: LicenseOverview): string {
  const { licExpWarnDays, tokExpWarnDays, updateDays } = license;
  const lines: [string, string][] = [
    ['License', license.lid],
    ['Status', license.status],
    ['Company', license.company ?? '-'],
    ['Issuer', iss],
    ['Instance', license.sub],
    ['Products', license.prod.join(', ')],
    ['Users', usersText(license)],
    ['Devices', devicesText(license)],
    ['Sessions', String(license.maxSessions || 'no limit')],
    ['Seats', seatsText(license)],
    ['Starts', isoTime(license.nbf)],
    ['Ends', `${isoTime(license.lexp)}, warning ${days(licExpWarnDays)} before`],
    [
      'Tokens',
      `last ${length(license.tokenSeconds)}, warning ${days(tokExpWarnDays)} before, renewed after ${days(updateDays)}`,
    ],
    ['Last token', lastToken === null ? '-' : `${isoTime(lastToken.iat)}, expires ${isoTime(lastToken.exp)}`],
    ['Last renewal', renewalText(lastRenewal)],
    ['Next end', time(nextEnd)],
  ];
  return lines.map(([name, value]) => `${name.padEnd(14)}${withoutInvisible(value)}\n`).join('');
}

/** `history` for a person. */
export function historyTable(events: readonly LicenseEventEntity[]): string {
  const rows = events.map((event) => [
    isoTime(toSeconds(event.at.getTime())),
    event.kind === 'recorded' ? 'issued' : event.kind,
    event.actor ?? (event.instance === null ? '-' : `${event.instance} (${event.version ?? '-'})`),
    whatHappened(event),
  ]);
  return textTable([['TIME', 'EVENT', 'BY', 'WHAT'], ...rows]);
}

/** What `list` and `show` tell a program; times in Unix seconds, terms by the names of the claims. */
export function publicView({ license, iss, lastToken, lastRenewal, nextEnd }: LicenseOverview) {
  return {
    iss,
    lid: license.lid,
    status: license.status,
    sub: license.sub,
    prod: license.prod,
    company: license.company,
    included_users: license.includedUsers,
    included_admins: license.includedAdmins,
    included_viewers: license.includedViewers,
    anonymousRatio: license.anonymousRatio,
    max_concurrent_user_sessions: license.maxSessions,
    usage_billing: license.usageBilling,
    seat_policy: license.seatPolicy,
    nbf: license.nbf,
    lexp: license.lexp,
    token_seconds: license.tokenSeconds,
    lic_exp_warn_days: license.licExpWarnDays,
    tok_exp_warn_days: license.tokExpWarnDays,
    update_days: license.updateDays,
    last_iat: lastToken?.iat ?? null,
    last_exp: lastToken?.exp ?? null,
    last_renewal: lastRenewal,
    next_end: nextEnd,
    revoked_at: license.revokedAt,
  };
}

/** What `history` tells a program; times in Unix seconds. */
export function publicEvent({
  at,
  kind,
  actor,
  instance,
  version,
  jti,
  kid,
  iat,
  exp,
  detail,
}: LicenseEventEntity) {
  return { at: toSeconds(at.getTime()), kind, actor, instance, version, jti, kid, iat, exp, changes: detail };
}

type Seats = LicenseOverview['license'];

/** By the rule of the service: limits by role count without one for all, and a role that is not named has none. */
function usersText({ includedUsers, includedAdmins, includedViewers }: Seats): string {
  if (includedUsers) return String(includedUsers);
  if (includedAdmins === null && includedViewers === null) return 'no limit';
  return `${includedAdmins ?? 0} admins and editors, ${includedViewers ?? 0} viewers`;
}

function devicesText({ anonymousRatio }: Seats): string {
  return anonymousRatio ? `${anonymousRatio} anonymous devices take one seat` : 'take no seats';
}

function seatsText({ seatPolicy, usageBilling }: Seats): string {
  const { policy } = readSeatPolicy({ seat_policy: { ...seatPolicy }, usage_billing: usageBilling });
  const tolerance = policy.mode === 'tolerance' ? ` of ${policy.tolerancePercent} %` : '';
  return `${policy.mode}${tolerance}, ${policy.window}, ${policy.leave}${usageBilling ? '; use is billed' : ''}`;
}

function whatHappened({ kind, jti, exp, detail }: LicenseEventEntity): string {
  if (kind === 'recorded') return 'before this history was kept: what happened until then is not known';
  const token = jti === null || exp === null ? [] : [`token ${jti} until ${isoTime(exp)}`];
  const changes = Object.entries((detail ?? {}) as ChangedTerms).map(
    ([name, { before, now }]) => `${name}: ${termText(name, before)} -> ${termText(name, now)}`,
  );
  return [...token, ...changes].join(', ') || '-';
}

function termText(name: string, value: unknown): string {
  if (value === null) return 'none';
  if ((name === 'nbf' || name === 'lexp') && typeof value === 'number') return isoTime(value);
  return Array.isArray(value) ? value.join('+') : JSON.stringify(value);
}

function renewalText(renewal: LicenseOverview['lastRenewal']): string {
  return renewal === null
    ? '-'
    : `${isoTime(renewal.at)} by ${renewal.instance ?? '-'} (${renewal.version ?? '-'})`;
}

function time(seconds: number | null | undefined): string {
  return seconds === null || seconds === undefined ? '-' : isoTime(seconds);
}

function length(seconds: number): string {
  return seconds % DAY === 0 ? days(seconds / DAY) : `${seconds / 60} minutes`;
}

function days(count: number): string {
  return count === 1 ? '1 day' : `${count} days`;
}
