import fc from 'fast-check';
import {
  activeUntil,
  dayOf,
  isActive,
  isoDay,
  parseDay,
  startOf,
  USAGE_WINDOWS,
  type UsageWindow,
  windowStart,
} from '../../../src/domain/usage/usage-window.js';

const day = (text: string): number => parseDay(text) as number;

describe('a window of usage', () => {
  it.each<[UsageWindow, string, string]>([
    ['rolling-30d', '2026-11-27', '2026-10-29'],
    ['rolling-30d', '2026-03-01', '2026-01-31'],
    ['calendar-month', '2026-11-27', '2026-11-01'],
    ['calendar-month', '2026-11-01', '2026-11-01'],
    ['calendar-month', '2028-02-29', '2028-02-01'],
  ])('%s: on %s the first day that counts is %s', (window, today, first) => {
    expect(isoDay(windowStart(window, day(today)))).toBe(first);
  });

  it.each<[UsageWindow, string, string]>([
    ['rolling-30d', '2026-11-01', '2026-12-01T00:00:00.000Z'],
    ['calendar-month', '2026-11-01', '2026-12-01T00:00:00.000Z'],
    ['calendar-month', '2026-11-30', '2026-12-01T00:00:00.000Z'],
    ['calendar-month', '2026-12-31', '2027-01-01T00:00:00.000Z'],
  ])('%s: a person seen last on %s counts until %s', (window, last, until) => {
    expect(new Date(activeUntil(window, day(last)) * 1000).toISOString()).toBe(until);
  });

  it('ends for each subject at one moment, on any day', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...USAGE_WINDOWS),
        fc.integer({ min: 10_000, max: 60_000 }),
        fc.integer({ min: -40, max: 80 }),
        (window, last, offset) => {
          const today = last + offset;
          expect(isActive(window, last, today)).toBe(startOf(today) < activeUntil(window, last));
        },
      ),
    );
  });

  it('reads days as it writes them, and no other text', () => {
    expect(dayOf(startOf(20_000) + 86_399)).toBe(20_000);
    expect(parseDay(isoDay(20_000))).toBe(20_000);
    for (const text of ['2026-02-30', '2026-2-3', '', '2026-11-27T00:00:00Z', ' 2026-11-27', '20261127'])
      expect(parseDay(text)).toBeUndefined();
  });
});
