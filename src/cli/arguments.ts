import { InvalidArgumentError } from 'commander';
import { CommandError } from './command-error.js';
import { ExitCode } from './exit-code.js';

const MOMENT = /^(\d{4})-(\d{2})-(\d{2})(?:T\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2}))?$/;
const UNITS: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3_600, d: 86_400 };

/** Unix seconds, a date (midnight, UTC), or a time with its zone. @returns Unix seconds */
export function moment(text: string): number {
  // Shorter ones are years and typing errors more often than moments of 1970.
  if (/^[1-9]\d{8,11}$/.test(text)) return Number(text);
  const [, year = NaN, month = NaN, day = NaN] = (MOMENT.exec(text) ?? []).map(Number);
  const milliseconds = Date.parse(text);
  // Date.parse takes February 30 for March 2.
  const isDay = new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day;
  if (!isDay || Number.isNaN(milliseconds)) {
    throw new InvalidArgumentError(
      'It must be a date (2027-01-01: midnight, UTC), a time with its zone (2027-01-01T09:00:00Z) or Unix seconds.',
    );
  }
  return Math.floor(milliseconds / 1000);
}

/** A UTC day, as the ledger names it. */
export function day(text: string): string {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) throw new InvalidArgumentError('It must be a day: 2026-11-28.');
  moment(text);
  return text;
}

/** A span such as `90d`, `12h`, `30min` or `45s`. @returns seconds */
export function duration(text: string): number {
  const [, count, unit = ''] = /^([1-9]\d{0,8})(s|min|h|d)$/.exec(text) ?? [];
  if (count === undefined) throw new InvalidArgumentError('It must be a span: 90d, 12h, 30min or 45s.');
  return Number(count) * (UNITS[unit] as number);
}

export function wholeNumber(text: string): number {
  if (!/^(0|[1-9]\d{0,14})$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

/** What reads a whole number within these limits. */
export function wholeNumberFrom(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

/** What reads one of these words. */
export function oneOf<const T extends string>(words: readonly T[]): (text: string) => T {
  return (text) => {
    const known = words.find((word) => word === text);
    if (known !== undefined) return known;
    throw new InvalidArgumentError(`It must be one of: ${words.join(', ')}.`);
  };
}

/** @throws CommandError */
export function idOf(text: string | undefined): number {
  try {
    return wholeNumber(text ?? '');
  } catch {
    throw new CommandError(ExitCode.Usage, `The id ${JSON.stringify(text)} is no whole number.`);
  }
}
