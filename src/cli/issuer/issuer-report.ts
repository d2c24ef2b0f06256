import { isoTime } from '../../domain/clock.js';
import type {
  EventView,
  KeyView,
  LicenseUsageView,
  LicenseView,
  RetiredKeyView,
  UsageView,
} from '../../issuer-server/administration/issuer-administration.js';
import type { ChangedTerms } from '../../issuer-server/licenses/changed-terms.js';
import { type Cell, type Report, time } from '../report.js';
import { disputedDays, disputeText, disputeWarnings } from './disputed-days.js';

/** A person sees so many days of each license. */
const MAX_DAYS_SHOWN = 31;
const DAY = 86_400;
const BEFORE_HISTORY = 'before this history was kept: what happened until then is not known';

export function licensesReport(licenses: readonly LicenseView[]): Report {
  return {
    json: licenses,
    sections: [
      {
        head: [
          ...['license', 'status', 'company', 'instance', 'products', 'users', 'starts', 'ends'],
          ...['last token', 'last renewal', 'next end', 'issuer'],
        ],
        rows: licenses.map((one) => [
          ...[one.lid, one.status, one.company, one.sub, one.prod, one.included_users],
          ...[time(one.nbf), time(one.lexp), time(one.last_iat), time(one.last_renewal?.at)],
          ...[time(one.next_end), one.iss],
        ]),
      },
    ],
    ...noteOf(warningsOf(licenses)),
  };
}

export function usesReport(licenses: readonly LicenseUsageView[]): Report {
  return {
    json: licenses,
    sections: [
      {
        head: [
          ...['license', 'company', 'day', 'used', 'limit', 'peak', 'denied', 'admins+editors'],
          ...['viewers', 'users', 'devices', 'reported', 'disputed'],
        ],
        rows: licenses.flatMap(({ lid, company, usage }): Cell[][] => {
          if (usage === null) return [[lid, company, 'nothing reported', ...Array<null>(10).fill(null)]];
          return [
            [lid, company, 'last counts', null, null, null, null, ...activeCells(usage), null],
            ...usage.days
              .slice(0, MAX_DAYS_SHOWN)
              .map((day) => [
                ...[lid, company, day.day, day.used, day.limit, day.peak, day.denials],
                ...activeCells(day),
                disputeText(day),
              ]),
          ];
        }),
      },
    ],
    ...noteOf(disputeWarnings(licenses)),
  };
}

type Reported = NonNullable<UsageView>;

function activeCells(
  counts: Pick<
    Reported,
    | 'active_admins_and_editors'
    | 'active_viewers'
    | 'active_users'
    | 'active_anonymous_devices'
    | 'reported_at'
  >,
): Cell[] {
  return [
    ...[counts.active_admins_and_editors, counts.active_viewers, counts.active_users],
    ...[counts.active_anonymous_devices, time(counts.reported_at)],
  ];
}

export function licenseReport(
  license: LicenseView & { readonly usage?: UsageView },
  { json = license, note }: { readonly json?: unknown; readonly note?: string } = {},
): Report {
  const { last_renewal: renewal, usage } = license;
  const rows = [
    ['license', license.lid],
    ['status', license.status],
    ['company', license.company],
    ['issuer', license.iss],
    ['instance', license.sub],
    ['products', license.prod],
    ['users', license.included_users],
    ['admins and editors', license.included_admins],
    ['viewers', license.included_viewers],
    ['devices per seat', license.anonymousRatio],
    ['sessions', license.max_concurrent_user_sessions],
    ['billing', license.usage_billing],
    ['seat policy', license.seat_policy === null ? null : JSON.stringify(license.seat_policy)],
    ['starts', time(license.nbf)],
    ['ends', time(license.lexp)],
    ['warning before, days', license.lic_exp_warn_days],
    [
      'tokens last',
      `${license.token_seconds / (license.token_seconds % DAY === 0 ? DAY : 60)} ${license.token_seconds % DAY === 0 ? 'days' : 'minutes'}`,
    ],
    ['warning before a token expires, days', license.tok_exp_warn_days],
    ['renewed after, days', license.update_days],
    ['last token', time(license.last_iat)],
    ['last token expires', time(license.last_exp)],
    ['last renewal', time(renewal?.at)],
    ['renewed by', renewal?.instance ?? null],
    ['version', renewal?.version ?? null],
    ['next end', time(license.next_end)],
    ['revoked', time(license.revoked_at)],
    ...(usage === undefined ? [] : usageRows(usage)),
  ];
  const notes = [
    ...(note === undefined ? [] : [note]),
    ...warningsOf([license]),
    ...disputeWarnings([license]),
  ];
  return { json, sections: [{ rows }], ...noteOf(notes) };
}

function usageRows(usage: UsageView): (string | number | null)[][] {
  const [last] = usage?.days ?? [];
  return [
    ['usage reported', time(usage?.reported_at)],
    ['active users', usage?.active_users ?? null],
    ['active devices', usage?.active_anonymous_devices ?? null],
    ['last day', last === undefined ? null : `${last.day}: ${last.used} of ${last.limit ?? 'any number'}`],
    ['last day, disputed', disputeText(last)],
    ['disputed days', disputedDays(usage)],
  ];
}

export function eventsReport(events: readonly EventView[]): Report {
  return {
    json: events,
    sections: [
      {
        head: ['time', 'event', 'by', 'token', 'expires', 'changes'],
        rows: events.map(({ at, kind, actor, instance, version, jti, exp, changes }) => [
          ...[time(at), kind, actor ?? (instance === null ? null : `${instance} (${version ?? '-'})`)],
          ...[jti, time(exp), kind === 'recorded' ? BEFORE_HISTORY : changesText(changes)],
        ]),
      },
    ],
  };
}

function changesText(changes: EventView['changes']): string | null {
  const texts = Object.entries((changes ?? {}) as ChangedTerms).map(
    ([name, { before, now }]) => `${name}: ${termText(name, before)} -> ${termText(name, now)}`,
  );
  return texts.length === 0 ? null : texts.join(', ');
}

function termText(name: string, value: unknown): string {
  if (value === null) return 'none';
  if ((name === 'nbf' || name === 'lexp') && typeof value === 'number') return isoTime(value);
  return Array.isArray(value) ? value.join('+') : JSON.stringify(value);
}

export function keysReport(keys: readonly KeyView[], json: unknown = keys, note?: string): Report {
  return {
    json,
    sections: [
      {
        head: [
          'key',
          'state',
          'algorithm',
          'private part',
          'published',
          'active from',
          'tokens until',
          'licenses',
        ],
        rows: keys.map((key) => [
          ...[key.kid, key.state, key.alg, key.private_part, time(key.published_at)],
          ...[time(key.activated_at ?? key.active_from), time(key.tokens_until), key.licenses],
        ]),
      },
    ],
    ...noteOf([...(note === undefined ? [] : [note]), ...keyWarningsOf(keys)]),
  };
}

export function retiredReport(retired: RetiredKeyView): Report {
  const { key, file, stranded } = retired;
  const lines = [
    `The key ${key.kid} is retired, and its private part is destroyed.`,
    ...(file === null ? [] : [`Delete its file on the machine of the issuer too: ${file}.`]),
    ...(stranded === 0
      ? []
      : [
          `Licenses without a token by a newer key: ${stranded}. Their instances cannot renew: upload what "licentia issuer token <license>" prints.`,
        ]),
  ];
  return keysReport([key], retired, lines.join('\n'));
}

/** For a person: one line for a license that needs `repair`. */
function warningsOf(licenses: readonly LicenseView[]): string[] {
  return licenses.flatMap(({ warning }) => (warning === null ? [] : [`Warning: ${warning}`]));
}

/** The same for a signing key. An issuer of a former release says nothing of them. */
export function keyWarningsOf(keys: readonly Partial<KeyView>[]): string[] {
  return keys.flatMap(({ warning }) => (warning == null ? [] : [`Warning: ${warning}`]));
}

function noteOf(lines: readonly string[]): { readonly note?: string } {
  return lines.length === 0 ? {} : { note: lines.join('\n') };
}
