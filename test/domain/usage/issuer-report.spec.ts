import type { JsonObject, JsonValue } from '../../../src/domain/token/strict-json.js';
import {
  type IssuerReport,
  readAcknowledgment,
  readIssuerReport,
  reportedDay,
  writeIssuerReport,
} from '../../../src/domain/usage/issuer-report.js';
import { ledgerDay } from '../../../src/domain/usage/ledger-day.js';
import { termsOf } from '../../../src/domain/usage/seat-terms.js';

const COUNTS = {
  active_admins_and_editors: 12,
  active_viewers: 30,
  active_users: 42,
  active_anonymous_devices: 7,
};
const DAY = 20_784;
const HASH = 'ab'.repeat(32);
const day = (number: number, limit: number | null = 50) => ({
  ...{ day: number, used: 43, limit, peak: 45, denials: 2 },
  ...COUNTS,
});
const REPORT: IssuerReport = {
  counts: COUNTS,
  days: [day(DAY), day(DAY + 2, null)],
  head: { day: DAY + 2, hash: HASH },
};

describe('a report to the issuer', () => {
  it('has counts, days and the head of the ledger, and nothing else', () => {
    expect(writeIssuerReport({ ...REPORT, days: [day(DAY)] })).toEqual({
      ...COUNTS,
      days: [{ day: '2026-11-27', used: 43, limit: 50, peak: 45, denials: 2, ...COUNTS }],
      head: { day: '2026-11-29', hash: HASH },
    });
  });

  it('has of a row of the ledger the numbers alone', () => {
    const facts = { day: DAY, isObserved: true, peak: 5, denials: 1, late: 3 };
    const groups = [{ role: 'viewer', lastDay: DAY, subjects: 4 }] as const;
    const terms = termsOf({ lid: 'secret', included_users: 6 } as never);
    expect(reportedDay(DAY, ledgerDay({ ...facts, terms }, groups))).toEqual({
      ...{ day: DAY, used: 4, limit: 6, peak: 5, denials: 1, active_admins_and_editors: 0 },
      ...{ active_viewers: 4, active_users: 4, active_anonymous_devices: 0 },
    });
  });

  it.each<IssuerReport>([REPORT, { counts: COUNTS, days: [], head: null }])(
    'is read as it was written',
    (report) => {
      const text = JSON.stringify({ ...writeIssuerReport(report), unknown: { member: [] } });
      expect(readIssuerReport(JSON.parse(text) as JsonObject)).toEqual(report);
    },
  );

  it.each<[string, (usage: JsonObject, first: JsonObject, head: JsonObject) => void]>([
    ['without a count', (usage) => delete usage.active_users],
    ['with half a user', (usage) => (usage.active_users = 1.5)],
    ['with a negative count', (usage) => (usage.active_viewers = -1)],
    ['with a count that no integer can hold', (usage) => (usage.active_viewers = 2 ** 53)],
    ['without days', (usage) => delete usage.days],
    ['with days that are no list', (usage) => (usage.days = {})],
    ['without a head', (usage) => delete usage.head],
    ['with a day that is none', (_, first) => (first.day = '2026-02-30')],
    ['with a day that is a number', (_, first) => (first.day = DAY)],
    ['with a limit that is no number', (_, first) => (first.limit = '50')],
    ['with a day without a limit', (_, first) => delete first.limit],
    ['with a day without a peak', (_, first) => delete first.peak],
    ['with a day without denials', (_, first) => delete first.denials],
    ['with a day without seats', (_, first) => delete first.used],
    ['with a day without a count', (_, first) => delete first.active_anonymous_devices],
    ['with days in another order', (_, first) => (first.day = '2026-11-30')],
    ['with a day twice', (_, first) => (first.day = '2026-11-29')],
    ['with a head that is no hash', (_, __, head) => (head.hash = 'AB'.repeat(32))],
    ['with a head of no day', (_, __, head) => (head.day = 'yesterday')],
    ['with a null for a day', (usage) => (usage.days as JsonValue[]).push(null)],
  ])('%s is none', (_, change) => {
    const usage = writeIssuerReport(REPORT);
    change(usage, (usage.days as JsonObject[])[0] as JsonObject, usage.head as JsonObject);
    expect(readIssuerReport(usage)).toBeUndefined();
  });
});

describe('the acknowledgment of a report', () => {
  it.each<[JsonValue | undefined, number | undefined, number | null | undefined]>([
    [{ until: '2026-11-27' }, DAY + 1, DAY],
    [{ until: '2026-11-27', more: 1 }, DAY, DAY],
    // Nobody can take a day that was not sent.
    [{ until: '9999-12-31' }, DAY, DAY],
    [{ until: '2026-11-27' }, undefined, null],
    [{ until: null }, DAY, null],
    [{ until: '2026-11-31' }, DAY, undefined],
    [{ until: 20_784 }, DAY, undefined],
    [{}, DAY, undefined],
    [[], DAY, undefined],
    ['2026-11-27', DAY, undefined],
    [null, DAY, undefined],
    [undefined, DAY, undefined],
  ])('%j of days until %s reaches until %s', (value, sent, until) => {
    expect(readAcknowledgment(value, sent)).toBe(until);
  });
});
