import fc from 'fast-check';
import {
  type AcknowledgedDays,
  lastBeforeLoss,
  readAcknowledged,
  writeAcknowledged,
} from '../../../src/domain/usage/acknowledged-days.js';
import type { JsonValue } from '../../../src/domain/token/strict-json.js';

const TODAY = 20_784;
const RANGE = { first: TODAY - 50, last: TODAY - 1 };
const known = (...days: readonly number[]): AcknowledgedDays => ({
  ...{ first: Math.min(...days), last: Math.max(...days), count: days.length },
});
const daysAgo = (...ago: readonly number[]) => ago.map((one) => TODAY - one);
const loss = (acknowledged: readonly number[], kept: readonly number[]) => {
  const last = lastBeforeLoss(known(...daysAgo(...acknowledged)), new Set(daysAgo(...kept)), RANGE);
  return last === undefined ? undefined : TODAY - last;
};

describe('Days that an issuer acknowledged', () => {
  it('are read as they were written', () => {
    const written = writeAcknowledged({ first: TODAY - 9, last: TODAY, count: 4 });
    expect(written).toEqual({ first: '2026-11-18', last: '2026-11-27', count: 4 });
    expect(readAcknowledged(written)).toEqual({ first: TODAY - 9, last: TODAY, count: 4 });
  });

  it.each<[string, JsonValue]>([
    ['null', null],
    ['a list', []],
    ['without a first day', { last: '2026-11-27', count: 1 }],
    ['with a last day that is none', { first: '2026-11-27', last: '2026-11-31', count: 1 }],
    ['with the last before the first', { first: '2026-11-27', last: '2026-11-26', count: 1 }],
    ['of none', { first: '2026-11-27', last: '2026-11-27', count: 0 }],
    ['of more than there are', { first: '2026-11-26', last: '2026-11-27', count: 3 }],
    ['of half a day', { first: '2026-11-26', last: '2026-11-27', count: 1.5 }],
    ['with a text for a number', { first: '2026-11-26', last: '2026-11-27', count: '2' }],
  ])('%s are none', (_, value) => {
    expect(readAcknowledged(value)).toBeUndefined();
  });

  it.each<[string, number[], number[], number | undefined]>([
    ['has them all', [3, 2, 1], [4, 3, 2, 1], undefined],
    ['has none', [3, 2, 1], [], 4],
    ['lacks the last ones', [5, 4, 3, 2, 1], [5, 4, 3], 3],
    ['lacks some before the last one', [5, 4, 3, 2, 1], [5, 2, 1], 5],
    ['has the days between which another license was active', [9, 8, 2, 1], [9, 8, 2, 1], undefined],
    ['lacks a day after another license', [9, 8, 2, 1], [9, 8, 2], 8],
    ['keeps none of years ago', [70, 60, 50, 1], [50, 1], undefined],
    ['lacks a day beside those of years ago', [53, 52, 51, 50, 49], [], 51],
    ['takes no day that is not over', [2, 1, 0, -1], [2, 1], undefined],
    ['was told of days of years ago alone', [70, 69], [], undefined],
    ['was told of days to come alone', [-3, -4], [], undefined],
  ])('the issuer %s', (_, acknowledged, kept, last) => {
    expect(loss(acknowledged, kept)).toBe(last);
  });

  it('are complete once all days after that one came again, and not before where the issuer has no others', () => {
    const days = fc.uniqueArray(fc.integer({ min: -3, max: 60 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(days, fc.func(fc.boolean()), (acknowledged, isKept) => {
        const own = daysAgo(...acknowledged);
        const kept = own.filter((day) => isKept(day) && day >= RANGE.first && day <= RANGE.last);
        const last = lastBeforeLoss(known(...own), new Set(kept), RANGE);
        const isWithin = own.every((day) => day >= RANGE.first && day <= RANGE.last);
        if (isWithin) expect(last !== undefined).toBe(kept.length < own.length);
        if (last === undefined) return;
        const again = new Set([...kept, ...own.filter((day) => day > last)]);
        expect(lastBeforeLoss(known(...own), again, RANGE)).toBeUndefined();
      }),
    );
  });
});
