import { DAY } from '../../domain/clock.js';
import {
  MAX_TOLERANCE_PERCENT,
  SEAT_LEAVES,
  SEAT_MODES,
  type SeatPolicyClaim,
} from '../../domain/usage/seat-policy.js';
import { USAGE_WINDOWS } from '../../domain/usage/usage-window.js';
import type { Prolongation } from '../licenses/license-administration.js';
import type { LicenseChange } from '../licenses/license-change.js';
import type { LicenseTerms } from '../licenses/license-terms.js';
import {
  assertOneOf,
  FLAG,
  MAX_COUNT,
  MAX_DAYS,
  moment,
  oneOf,
  TEXT,
  tokenSeconds,
  UsageError,
  wholeNumber,
} from './command-options.js';

/** The terms of a license, for `issue` and `change`. */
const TERM_OPTIONS = {
  company: TEXT,
  product: { type: 'string', multiple: true },
  users: TEXT,
  admins: TEXT,
  viewers: TEXT,
  'devices-per-seat': TEXT,
  sessions: TEXT,
  billing: TEXT,
  'seat-mode': TEXT,
  'seat-tolerance': TEXT,
  'seat-window': TEXT,
  'seat-leave': TEXT,
  starts: TEXT,
  days: TEXT,
  'token-days': TEXT,
  'token-minutes': TEXT,
  'warn-days': TEXT,
  'token-warn-days': TEXT,
  'update-days': TEXT,
} as const;

export const ISSUE_OPTIONS = { sub: TEXT, lid: TEXT, ...TERM_OPTIONS } as const;

export const CHANGE_OPTIONS = {
  ...TERM_OPTIONS,
  expires: TEXT,
  'no-company': FLAG,
  'no-users': FLAG,
  'no-admins': FLAG,
  'no-viewers': FLAG,
  'no-devices-per-seat': FLAG,
  'no-sessions': FLAG,
  'no-seat-policy': FLAG,
} as const;

const SEAT_POLICY_OPTIONS = ['seat-mode', 'seat-tolerance', 'seat-window', 'seat-leave'] as const;

/** The texts of options, by their names. */
type Texts<Options> = {
  readonly [Option in keyof Options]?:
    | (Options[Option] extends typeof FLAG ? boolean : Option extends 'product' ? string[] : string)
    | undefined;
};

/** @throws UsageError */
export function termsOf(values: Texts<typeof TERM_OPTIONS>): Omit<LicenseTerms, 'sub' | 'lid'> {
  const days = wholeNumber('days', values.days, 1, MAX_DAYS);
  const billing = oneOf('billing', values.billing, ['on', 'off']);
  return {
    company: values.company,
    products: values.product,
    includedUsers: wholeNumber('users', values.users, 0, MAX_COUNT),
    includedAdmins: wholeNumber('admins', values.admins, 0, MAX_COUNT),
    includedViewers: wholeNumber('viewers', values.viewers, 0, MAX_COUNT),
    anonymousRatio: wholeNumber('devices-per-seat', values['devices-per-seat'], 0, MAX_COUNT),
    maxSessions: wholeNumber('sessions', values.sessions, 0, MAX_COUNT),
    usageBilling: billing === undefined ? undefined : billing === 'on',
    seatPolicy: seatPolicyOf(values),
    starts: moment('starts', values.starts),
    licenseSeconds: days === undefined ? undefined : days * DAY,
    tokenSeconds: tokenSeconds(values['token-days'], values['token-minutes']),
    licenseWarnDays: wholeNumber('warn-days', values['warn-days'], 0, MAX_DAYS),
    tokenWarnDays: wholeNumber('token-warn-days', values['token-warn-days'], 0, MAX_DAYS),
    updateDays: wholeNumber('update-days', values['update-days'], 0, MAX_DAYS),
  };
}

/** @throws UsageError */
export function changeOf(values: Texts<typeof CHANGE_OPTIONS>): LicenseChange {
  if (Object.entries(values).every(([, value]) => value === false))
    throw new UsageError('Say what to change, such as --users <n>: --help lists all terms.');
  for (const name of ['company', 'users', 'admins', 'viewers', 'devices-per-seat', 'sessions'] as const)
    assertOneOf([name, values[name]], [`no-${name}`, values[`no-${name}`] || undefined]);
  for (const name of SEAT_POLICY_OPTIONS)
    assertOneOf([name, values[name]], ['no-seat-policy', values['no-seat-policy'] || undefined]);
  assertOneOf(['expires', values.expires], ['days', values.days]);
  const terms = termsOf(values);
  return {
    ...terms,
    company: values['no-company'] ? null : terms.company,
    includedUsers: values['no-users'] ? null : terms.includedUsers,
    includedAdmins: values['no-admins'] ? null : terms.includedAdmins,
    includedViewers: values['no-viewers'] ? null : terms.includedViewers,
    anonymousRatio: values['no-devices-per-seat'] ? null : terms.anonymousRatio,
    maxSessions: values['no-sessions'] ? null : terms.maxSessions,
    seatPolicy: values['no-seat-policy'] ? null : terms.seatPolicy,
    expires: moment('expires', values.expires),
  };
}

/** @throws UsageError */
export function prolongationOf(values: Texts<{ days: typeof TEXT; until: typeof TEXT }>): Prolongation {
  const days = wholeNumber('days', values.days, 1, MAX_DAYS);
  const until = moment('until', values.until);
  if ((days === undefined) === (until === undefined))
    throw new UsageError('Say either by how many days, --days <n>, or until when, --until <time>.');
  return until === undefined ? { days: days as number } : { until };
}

/** What the options say of the seat policy; undefined where they say nothing. */
function seatPolicyOf(values: Texts<typeof TERM_OPTIONS>): SeatPolicyClaim | undefined {
  const policy = {
    mode: oneOf('seat-mode', values['seat-mode'], SEAT_MODES),
    tolerance_percent: wholeNumber('seat-tolerance', values['seat-tolerance'], 0, MAX_TOLERANCE_PERCENT),
    window: oneOf('seat-window', values['seat-window'], USAGE_WINDOWS),
    leave: oneOf('seat-leave', values['seat-leave'], SEAT_LEAVES),
  };
  const said = Object.entries(policy).filter(([, value]) => value !== undefined);
  return said.length === 0 ? undefined : Object.fromEntries(said);
}
