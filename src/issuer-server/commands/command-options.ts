import { parseArgs, type ParseArgsConfig } from 'node:util';
import { isISO8601 } from 'class-validator';
import { DAY } from '../../domain/clock.js';

/** A command line makes no sense. The message says why. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

type OptionsConfig = NonNullable<ParseArgsConfig['options']>;

export const MAX_DAYS = 36_500;
export const MAX_COUNT = 2 ** 31 - 1;
const MINUTE_SECONDS = 60;

/** A time without a zone is another one in each place, so it has to say. */
const MOMENT = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2}))?$/;

const HELP = { help: { type: 'boolean', short: 'h', default: false } } as const;
export const TEXT = { type: 'string' } as const;
export const FLAG = { type: 'boolean', default: false } as const;

/** Node's own parser, which takes no option that is not listed. */
export function read<const O extends OptionsConfig>(
  args: readonly string[],
  options: O,
  maxPositionals: number,
) {
  const parsed = parse(args, options);
  const extra = parsed.positionals[maxPositionals];
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

export function assertOneOf(
  one: readonly [option: string, value: unknown],
  other: readonly [option: string, value: unknown],
): void {
  if (one[1] !== undefined && other[1] !== undefined)
    throw new UsageError(`--${one[0]} and --${other[0]} exclude each other.`);
}

export function tokenSeconds(days: string | undefined, minutes: string | undefined): number | undefined {
  assertOneOf(['token-days', days], ['token-minutes', minutes]);
  const wholeDays = wholeNumber('token-days', days, 1, MAX_DAYS);
  const wholeMinutes = wholeNumber('token-minutes', minutes, 1, MAX_DAYS * (DAY / MINUTE_SECONDS));
  if (wholeDays !== undefined) return wholeDays * DAY;
  return wholeMinutes === undefined ? undefined : wholeMinutes * MINUTE_SECONDS;
}

export function oneOf<const T extends string>(
  option: string,
  text: string | undefined,
  values: readonly T[],
): T | undefined {
  const known = values.find((value) => value === text);
  if (text !== undefined && known === undefined)
    throw new UsageError(`--${option} must be one of: ${values.join(', ')}.`);
  return known;
}

/** RFC 3339 (section 5.6), a full date (then midnight in UTC) or Unix seconds, as Unix seconds. */
export function moment(option: string, text: string | undefined): number | undefined {
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

export function wholeNumber(
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
