import fc from 'fast-check';
import { MAX_BETWEEN } from '../../../src/domain/clock-doubt.js';
import { aheadBy, type KeyTimes, presentTimes } from '../../../src/domain/token/key-times.js';

const NOW = 1_800_000_000;
const DAY = 86_400;
const at = (seconds: number) => new Date((NOW + seconds) * 1000);
const NONE = { activatedAt: null, verifyOnlyAt: null, retiredAt: null };

describe('The times of a signing key', () => {
  it.each<[string, KeyTimes, number, Partial<KeyTimes> | undefined]>([
    ['are past', { createdAt: at(-DAY), ...NONE, activatedAt: at(0) }, 0, undefined],
    ['lie ahead by no more than clocks differ', { createdAt: at(MAX_BETWEEN), ...NONE }, 0, undefined],
    [
      'lie ahead by a second more',
      { createdAt: at(MAX_BETWEEN + 1), ...NONE },
      MAX_BETWEEN + 1,
      { createdAt: at(0) },
    ],
    [
      'lie ahead where another key took its place',
      { createdAt: at(-DAY), ...NONE, activatedAt: at(-60), verifyOnlyAt: at(6 * DAY) },
      6 * DAY,
      { verifyOnlyAt: at(0) },
    ],
    [
      'lie ahead all, and stay in their order',
      { createdAt: at(1), activatedAt: at(2), verifyOnlyAt: at(DAY), retiredAt: at(2 * DAY) },
      2 * DAY,
      { createdAt: at(0), activatedAt: at(0), verifyOnlyAt: at(0), retiredAt: at(0) },
    ],
  ])('%s', (_, times, ahead, changed) => {
    expect(aheadBy(times, NOW)).toBe(ahead);
    expect(presentTimes(times, NOW)).toEqual(changed);
  });

  it('are repaired once, never move ahead, and never change their order', () => {
    const time = fc.integer({ min: -DAY, max: DAY }).map(at);
    const perhaps = fc.option(time);
    const keys = fc.record({
      createdAt: time,
      activatedAt: perhaps,
      verifyOnlyAt: perhaps,
      retiredAt: perhaps,
    });
    fc.assert(
      fc.property(keys, (times) => {
        const repaired = { ...times, ...presentTimes(times, NOW) };
        expect(aheadBy(repaired, NOW)).toBe(0);
        const before = Object.values<Date | null>(times);
        const after = Object.values<Date | null>(repaired);
        for (const [i, one] of before.entries()) {
          if (one === null) expect(after[i]).toBeNull();
          else expect(after[i]?.getTime()).toBeLessThanOrEqual(one.getTime());
          for (const [j, other] of before.entries())
            if (one !== null && other !== null && one <= other)
              expect(after[i]?.getTime()).toBeLessThanOrEqual(after[j]?.getTime() ?? 0);
        }
      }),
    );
  });
});
