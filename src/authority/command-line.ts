import { parseArgs, type ParseArgsConfig } from 'node:util';
import { isISO8601 } from 'class-validator';
import { DAY } from '../domain/clock.js';
import type { Prolongation } from './license-authority.js';
import type { LicenseTerms } from './license-terms.js';
import { SIGNING_ALGORITHMS, type SigningAlgorithm } from './new-signing-key.js';

/** What an operator asks for; without any of these the issuer serves. */
export type Command =
  | { readonly name: 'issue'; readonly terms: LicenseTerms }
  | { readonly name: 'list'; readonly json: boolean }
  | { readonly name: 'suspend' | 'resume' | 'revoke'; readonly lid: string }
  | { readonly name: 'token' | 'repair'; readonly lid: string }
  | { readonly name: 'prolong'; readonly lid: string; readonly by: Prolongation }
  | { readonly name: 'confirm-clock' }
  | { readonly name: 'change-issuer-id' }
  | KeyCommand
  | { readonly name: 'help' };

/** What an operator asks for about the signing keys; `kid` may be the beginning of one. */
export type KeyCommand =
  | { readonly name: 'keys list'; readonly json: boolean }
  | { readonly name: 'keys add'; readonly alg?: SigningAlgorithm; readonly file?: string }
  | { readonly name: 'keys activate' | 'keys retire'; readonly kid: string; readonly force: boolean };

/** A command line makes no sense. The message says why. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

type OptionsConfig = NonNullable<ParseArgsConfig['options']>;

const MOST_DAYS = 36_500;
const MOST_COUNT = 2 ** 31 - 1;
const MINUTE_SECONDS = 60;

/** A time without a zone is another one in each place, so it has to say. */
const MOMENT = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2}))?$/;

const HELP = { help: { type: 'boolean', short: 'h', default: false } } as const;
const TEXT = { type: 'string' } as const;

const ISSUE_OPTIONS = {
  sub: TEXT,
  lid: TEXT,
  company: TEXT,
  product: { type: 'string', multiple: true },
  users: TEXT,
  starts: TEXT,
  days: TEXT,
  'token-days': TEXT,
  'token-minutes': TEXT,
  'warn-days': TEXT,
  'token-warn-days': TEXT,
  'update-days': TEXT,
} as const;

/**
 * The command of a command line, which does not name the program.
 * @returns undefined when it has no command but options alone, or names `serve`
 * @throws UsageError
 */
export function readCommand([name, ...rest]: readonly string[]): Command | undefined {
  switch (name) {
    case 'issue':
      return readIssue(rest);
    case 'list': {
      const { values } = read(rest, { json: { type: 'boolean', default: false } }, 0);
      return values.help ? { name: 'help' } : { name, json: values.json };
    }
    case 'suspend':
    case 'resume':
    case 'revoke':
    case 'token':
    case 'repair': {
      const { values, positionals } = read(rest, {}, 1);
      return values.help ? { name: 'help' } : { name, lid: lidOf(positionals) };
    }
    case 'prolong': {
      const { values, positionals } = read(rest, { days: TEXT, until: TEXT }, 1);
      if (values.help) return { name: 'help' };
      const days = wholeNumber('days', values.days, 1, MOST_DAYS);
      const until = moment('until', values.until);
      if ((days === undefined) === (until === undefined))
        throw new UsageError('Say either by how many days, --days <n>, or until when, --until <time>.');
      const by = until === undefined ? { days: days as number } : { until };
      return { name, lid: lidOf(positionals), by };
    }
    case 'confirm-clock':
    case 'change-issuer-id': {
      const { values } = read(rest, {}, 0);
      return values.help ? { name: 'help' } : { name };
    }
    case 'keys':
      return readKeys(rest);
    default:
      return undefined;
  }
}

function readKeys([name, ...rest]: readonly string[]): Command {
  switch (name) {
    case '--help':
    case '-h':
      return { name: 'help' };
    case 'list': {
      const { values } = read(rest, { json: { type: 'boolean', default: false } }, 0);
      return values.help ? { name: 'help' } : { name: 'keys list', json: values.json };
    }
    case 'add': {
      const { values } = read(rest, { algorithm: TEXT, file: TEXT }, 0);
      if (values.help) return { name: 'help' };
      const alg = SIGNING_ALGORITHMS.find((one) => one === values.algorithm);
      if (values.algorithm !== undefined && alg === undefined)
        throw new UsageError(`--algorithm must be one of: ${SIGNING_ALGORITHMS.join(', ')}.`);
      if (values.file === '') throw new UsageError('--file must be a path.');
      return {
        name: 'keys add',
        ...(alg === undefined ? {} : { alg }),
        ...(values.file === undefined ? {} : { file: values.file }),
      };
    }
    case 'activate':
    case 'retire': {
      const { values, positionals } = read(rest, { force: { type: 'boolean', default: false } }, 1);
      if (values.help) return { name: 'help' };
      const [kid] = positionals;
      if (kid === undefined) throw new UsageError('Say which key, by its id: "keys list" shows them.');
      return { name: `keys ${name}`, kid, force: values.force };
    }
    default:
      throw new UsageError('Say what to do with the keys: keys list, add, activate or retire.');
  }
}

function readIssue(args: readonly string[]): Command {
  const { values } = read(args, ISSUE_OPTIONS, 0);
  if (values.help) return { name: 'help' };
  if (values.sub === undefined)
    throw new UsageError('Say which instance the license is for: --sub <root URL>.');
  const days = wholeNumber('days', values.days, 1, MOST_DAYS);
  return {
    name: 'issue',
    terms: {
      sub: values.sub,
      lid: values.lid,
      company: values.company,
      products: values.product,
      includedUsers: wholeNumber('users', values.users, 0, MOST_COUNT),
      starts: moment('starts', values.starts),
      licenseSeconds: days === undefined ? undefined : days * DAY,
      tokenSeconds: tokenSeconds(values['token-days'], values['token-minutes']),
      licenseWarnDays: wholeNumber('warn-days', values['warn-days'], 0, MOST_DAYS),
      tokenWarnDays: wholeNumber('token-warn-days', values['token-warn-days'], 0, MOST_DAYS),
      updateDays: wholeNumber('update-days', values['update-days'], 0, MOST_DAYS),
    },
  };
}

function tokenSeconds(days: string | undefined, minutes: string | undefined): number | undefined {
  if (days !== undefined && minutes !== undefined) {
    throw new UsageError('--token-days and --token-minutes exclude each other.');
  }
  const wholeDays = wholeNumber('token-days', days, 1, MOST_DAYS);
  const wholeMinutes = wholeNumber('token-minutes', minutes, 1, MOST_DAYS * (DAY / MINUTE_SECONDS));
  if (wholeDays !== undefined) return wholeDays * DAY;
  return wholeMinutes === undefined ? undefined : wholeMinutes * MINUTE_SECONDS;
}

/** Node's own parser, which takes no option that is not listed. */
function read<const O extends OptionsConfig>(args: readonly string[], options: O, mostPositionals: number) {
  const parsed = parse(args, options);
  const extra = parsed.positionals[mostPositionals];
  if (extra !== undefined) throw new UsageError(`The argument "${extra}" has no meaning here.`);
  return parsed;
}

function parse<const O extends OptionsConfig>(args: readonly string[], options: O) {
  try {
    return parseArgs({ args: [...args], options: { ...options, ...HELP }, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

function lidOf([lid]: readonly string[]): string {
  if (lid === undefined) throw new UsageError('Say which license, by its id: "list" shows them.');
  return lid;
}

/** RFC 3339 (section 5.6), a full date (then midnight in UTC) or Unix seconds, as Unix seconds. */
function moment(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{9,10}$/.test(text)) return Number(text);
  const isMoment = MOMENT.test(text) && isISO8601(text, { strict: true });
  const milliseconds = isMoment ? Date.parse(text) : NaN;
  if (Number.isNaN(milliseconds)) {
    throw new UsageError(
      `--${option} must be a date (2027-01-01: midnight, UTC), a time with its zone (2027-01-01T09:00:00Z) or Unix seconds.`,
    );
  }
  return milliseconds / 1000;
}

function wholeNumber(
  option: string,
  text: string | undefined,
  least: number,
  most: number,
): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (!(value >= least && value <= most)) {
    throw new UsageError(`--${option} must be a whole number from ${least} to ${most}.`);
  }
  return value;
}
