import {
  MAX_TOLERANCE_PERCENT,
  SEAT_LEAVES,
  SEAT_MODES,
  type SeatPolicyClaim,
} from '../../domain/usage/seat-policy.js';
import { USAGE_WINDOWS } from '../../domain/usage/usage-window.js';
import type { Prolongation } from '../../issuer-server/licenses/license-administration.js';
import type { LicenseChange } from '../../issuer-server/licenses/license-change.js';
import { type LicenseTerms, MAX_COUNT, MAX_DAYS } from '../../issuer-server/licenses/license-terms.js';
import { moment, oneOf, wholeNumberFrom } from '../arguments.js';
import { CommandError } from '../command-error.js';
import { ExitCode } from '../exit-code.js';
import type { OptionRow } from '../licentia-command.js';

const DAY = 86_400;
const MINUTE = 60;

const count = wholeNumberFrom(0, MAX_COUNT);
const days = wholeNumberFrom(1, MAX_DAYS);
const daysBefore = wholeNumberFrom(0, MAX_DAYS);

/** What the options of `issue` have read. */
export interface IssueOptions {
  readonly company?: string;
  readonly product?: readonly string[];
  readonly users?: number;
  readonly admins?: number;
  readonly viewers?: number;
  readonly devicesPerSeat?: number;
  readonly sessions?: number;
  readonly billing?: 'on' | 'off';
  readonly seatMode?: (typeof SEAT_MODES)[number];
  readonly seatTolerance?: number;
  readonly seatWindow?: (typeof USAGE_WINDOWS)[number];
  readonly seatLeave?: (typeof SEAT_LEAVES)[number];
  readonly starts?: number;
  readonly days?: number;
  readonly tokenDays?: number;
  readonly tokenMinutes?: number;
  readonly warnDays?: number;
  readonly tokenWarnDays?: number;
  readonly updateDays?: number;
}

type Removable = 'company' | 'users' | 'admins' | 'viewers' | 'devicesPerSeat' | 'sessions';

/** The same of `change`: `--no-company` is `company: false`. */
export type ChangeOptions = Omit<IssueOptions, Removable> & {
  readonly [Option in Removable]?: IssueOptions[Option] | false;
} & {
  readonly expires?: number;
  /** True unless it is taken away. */
  readonly seatPolicy?: boolean;
};

export const PROLONG_ROWS: readonly OptionRow[] = [
  ['--days <n>', 'by so many days, from now on if it has passed; a repetition adds them again', days],
  ['--until <time>', 'to a moment: a date, a time with its zone or Unix seconds', moment],
];

/** The terms of a license, for `issue` and `change`. */
export const ISSUE_ROWS: readonly OptionRow[] = [
  ['--company <name>', 'who the license is for'],
  [
    '--product <name>',
    'a licensed product; may be repeated (default: grafana-enterprise)',
    (text, before) => [...((before as string[] | undefined) ?? []), text],
  ],
  ['--users <n>', 'included users', count],
  ['--admins <n>', 'included admins and editors, without --users; viewers then need --viewers', count],
  ['--viewers <n>', 'included viewers, without --users', count],
  ['--devices-per-seat <n>', 'so many anonymous devices take one seat (default: they take none)', count],
  ['--sessions <n>', 'how many sessions a user can have at a time (default: any number)', count],
  [
    '--billing <on|off>',
    'whether use is billed: instances report it with their renewals',
    oneOf(['on', 'off']),
  ],
  [
    '--seat-mode <mode>',
    'what becomes of new users at the limit: active-only, tolerance, metered or report',
    oneOf(SEAT_MODES),
  ],
  [
    '--seat-tolerance <n>',
    'how many percent of the limit the mode tolerance admits beyond it',
    wholeNumberFrom(0, MAX_TOLERANCE_PERCENT),
  ],
  ['--seat-window <window>', 'how long a user counts: rolling-30d or calendar-month', oneOf(USAGE_WINDOWS)],
  ['--seat-leave <leave>', 'what becomes of the seat of a user who leaves: keep or free', oneOf(SEAT_LEAVES)],
  [
    '--starts <time>',
    'when the license begins: a date, a time with its zone or Unix seconds (default: now)',
    moment,
  ],
  ['--days <n>', 'how long the license lasts from then on (default: 365)', days],
  ['--token-days <n>', 'how long each of its tokens lasts (default: 7)', days],
  [
    '--token-minutes <n>',
    'the same in minutes, instead of --token-days',
    wholeNumberFrom(1, (MAX_DAYS * DAY) / MINUTE),
  ],
  ['--warn-days <n>', 'warn so long before the license ends (default: 30)', daysBefore],
  [
    '--token-warn-days <n>',
    "warn so long before a token ends (default: 2, at most half of the token's life)",
    daysBefore,
  ],
  ['--update-days <n>', 'how often the token is to be renewed (default: 1)', daysBefore],
];

export const CHANGE_ROWS: readonly OptionRow[] = [
  ...ISSUE_ROWS.map(([flags, description, parse]): OptionRow => {
    const plain = description.replace(/ \(default: .*\)$/, '');
    return parse === undefined ? [flags, plain] : [flags, plain, parse];
  }),
  [
    '--expires <time>',
    'when the license ends, also earlier: a date, a time with its zone or Unix seconds',
    moment,
  ],
  ['--no-company', 'take the company away'],
  ['--no-users', 'take the limit of users away'],
  ['--no-admins', 'take the limit of admins and editors away'],
  ['--no-viewers', 'take the limit of viewers away'],
  ['--no-devices-per-seat', 'devices take no seats'],
  ['--no-sessions', 'any number of sessions'],
  ['--no-seat-policy', 'take the seat policy away'],
];

/** @throws CommandError */
export function termsOf(options: IssueOptions): Omit<LicenseTerms, 'sub' | 'lid'> {
  return {
    company: options.company,
    includedUsers: options.users,
    includedAdmins: options.admins,
    includedViewers: options.viewers,
    anonymousRatio: options.devicesPerSeat,
    maxSessions: options.sessions,
    ...lastingTerms(options),
  };
}

/** @throws CommandError */
export function changeOf(options: ChangeOptions): LicenseChange {
  exclude(['--expires', options.expires], ['--days', options.days]);
  const isTakenAway = options.seatPolicy === false;
  const terms = lastingTerms(options);
  exclude(['--no-seat-policy', isTakenAway || undefined], ['--seat-…', terms.seatPolicy]);
  const change: LicenseChange = {
    ...terms,
    company: orNull(options.company),
    includedUsers: orNull(options.users),
    includedAdmins: orNull(options.admins),
    includedViewers: orNull(options.viewers),
    anonymousRatio: orNull(options.devicesPerSeat),
    maxSessions: orNull(options.sessions),
    seatPolicy: isTakenAway ? null : terms.seatPolicy,
    expires: options.expires,
  };
  if (Object.values(change).every((term) => term === undefined))
    throw wrongUsage('Say what to change, such as --users <n>.', '--help lists all terms.');
  return change;
}

/** @throws CommandError */
export function prolongationOf(options: { readonly days?: number; readonly until?: number }): Prolongation {
  if ((options.days === undefined) === (options.until === undefined))
    throw wrongUsage('Say either by how many days, --days <n>, or until when, --until <time>.');
  return options.until === undefined ? { days: options.days as number } : { until: options.until };
}

/** The terms that a change cannot take away. */
function lastingTerms(options: Omit<IssueOptions, Removable>) {
  exclude(['--token-days', options.tokenDays], ['--token-minutes', options.tokenMinutes]);
  const { billing } = options;
  return {
    products: options.product,
    usageBilling: billing === undefined ? undefined : billing === 'on',
    seatPolicy: seatPolicyOf(options),
    starts: options.starts,
    licenseSeconds: times(options.days, DAY),
    tokenSeconds: times(options.tokenDays, DAY) ?? times(options.tokenMinutes, MINUTE),
    licenseWarnDays: options.warnDays,
    tokenWarnDays: options.tokenWarnDays,
    updateDays: options.updateDays,
  };
}

/** What the options say of the seat policy; undefined where they say nothing. */
function seatPolicyOf({ seatMode, seatTolerance, seatWindow, seatLeave }: IssueOptions) {
  const policy = {
    mode: seatMode,
    tolerance_percent: seatTolerance,
    window: seatWindow,
    leave: seatLeave,
  };
  const said = Object.entries(policy).filter(([, value]) => value !== undefined);
  return said.length === 0 ? undefined : (Object.fromEntries(said) as SeatPolicyClaim);
}

function orNull<T>(value: T | false | undefined): T | null | undefined {
  return value === false ? null : value;
}

function times(value: number | undefined, seconds: number): number | undefined {
  return value === undefined ? undefined : value * seconds;
}

function exclude(
  one: readonly [flag: string, value: unknown],
  other: readonly [flag: string, value: unknown],
): void {
  if (one[1] !== undefined && other[1] !== undefined)
    throw wrongUsage(`${one[0]} and ${other[0]} exclude each other.`);
}

function wrongUsage(message: string, next = 'Look at --help.'): CommandError {
  return new CommandError(ExitCode.Usage, message, next);
}
