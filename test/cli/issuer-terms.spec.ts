import { Command, CommanderError } from 'commander';
import { CommandError } from '../../src/cli/command-error.js';
import {
  CHANGE_ROWS,
  changeOf,
  ISSUE_ROWS,
  PROLONG_ROWS,
  prolongationOf,
  termsOf,
} from '../../src/cli/issuer/term-options.js';
import type { OptionRow } from '../../src/cli/licentia-command.js';

/** What commander reads of a line with these options. */
function optionsOf(rows: readonly OptionRow[], line: string): object {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  for (const [flags, description, parse] of rows) {
    if (parse === undefined) command.option(flags, description);
    else command.option(flags, description, parse);
  }
  command.parse(
    line.split(' ').filter((word) => word !== ''),
    { from: 'user' },
  );
  return command.opts();
}

const issue = (line: string) => termsOf(optionsOf(ISSUE_ROWS, line));
const change = (line: string) => changeOf(optionsOf(CHANGE_ROWS, line));
const prolong = (line: string) => prolongationOf(optionsOf(PROLONG_ROWS, line));

describe('The options of "licentia issuer"', () => {
  it.each<[(line: string) => object, string, object]>([
    [
      issue,
      '--company Example --product a --product b --users 5 --starts 1800000000 --days 10 --token-days 2 --warn-days 3 --token-warn-days 1 --update-days 4',
      {
        company: 'Example',
        products: ['a', 'b'],
        includedUsers: 5,
        starts: 1_800_000_000,
        licenseSeconds: 864_000,
        tokenSeconds: 172_800,
        licenseWarnDays: 3,
        tokenWarnDays: 1,
        updateDays: 4,
      },
    ],
    [issue, '', {}],
    [issue, '--token-minutes 10', { tokenSeconds: 600 }],
    [issue, '--starts 2027-01-01', { starts: 1_798_761_600 }],
    [issue, '--starts 2027-01-01T09:30:15+02:00', { starts: 1_798_788_615 }],
    [
      issue,
      '--admins 3 --viewers 9 --devices-per-seat 3 --sessions 2 --billing on --seat-mode tolerance --seat-tolerance 10 --seat-window calendar-month --seat-leave free',
      {
        ...{ includedAdmins: 3, includedViewers: 9, anonymousRatio: 3, maxSessions: 2, usageBilling: true },
        seatPolicy: {
          mode: 'tolerance',
          tolerance_percent: 10,
          window: 'calendar-month',
          leave: 'free',
        },
      },
    ],
    [change, '--users 80 --company B', { includedUsers: 80, company: 'B' }],
    [
      change,
      '--no-company --no-users --no-admins --no-viewers --no-devices-per-seat --no-sessions --no-seat-policy --billing off',
      {
        ...{ company: null, includedUsers: null, includedAdmins: null, includedViewers: null },
        ...{ anonymousRatio: null, maxSessions: null, seatPolicy: null, usageBilling: false },
      },
    ],
    [change, '--seat-leave free', { seatPolicy: { leave: 'free' } }],
    [change, '--expires 2027-01-01', { expires: 1_798_761_600 }],
    [change, '--users 0', { includedUsers: 0 }],
    [prolong, '--days 30', { days: 30 }],
    [prolong, '--until 2027-01-01', { until: 1_798_761_600 }],
  ])('are read: %p of "%s"', (read, line, terms) => {
    expect(read(line)).toEqual(terms);
  });

  it.each<[(line: string) => object, string, typeof CommandError | typeof CommanderError]>([
    [issue, '--users five', CommanderError],
    [issue, '--users 2147483648', CommanderError],
    [issue, '--days 0', CommanderError],
    [issue, '--days 1e3', CommanderError],
    [issue, '--days 36501', CommanderError],
    [issue, '--token-days 1 --token-minutes 1', CommandError],
    [issue, '--starts', CommanderError],
    [issue, '--starts tomorrow', CommanderError],
    [issue, '--starts 2027', CommanderError],
    [issue, '--starts 2027-02-29', CommanderError],
    [issue, '--starts 2027-13-01T00:00:00Z', CommanderError],
    [issue, '--starts 2027-01-01T00:00:00', CommanderError],
    [issue, '--starts 2027-01-01T25:00:00Z', CommanderError],
    [issue, '--seat-mode strict', CommanderError],
    [issue, '--seat-tolerance 1001', CommanderError],
    [issue, '--billing yes', CommanderError],
    [issue, '--no-seat-policy', CommanderError],
    [change, '', CommandError],
    [change, '--seat-leave free --no-seat-policy', CommandError],
    [change, '--days 5 --expires 2027-01-01', CommandError],
    [change, '--token-days 1 --token-minutes 1', CommandError],
    [prolong, '', CommandError],
    [prolong, '--days 1 --until 2027-01-01', CommandError],
  ])('are refused: %p of "%s"', (read, line, error) => {
    expect(() => read(line)).toThrow(error);
  });
});
