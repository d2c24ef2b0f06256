import fc from 'fast-check';
import {
  attemptAfterFailure,
  attemptAfterUnchanged,
  firstAttemptAt,
  maxPause,
  renewalDueAt,
  type RenewalTerms,
  stepsTaken,
} from '../../../src/domain/license/renewal-policy.js';
import { DAY, NOW } from '../../support/tokens.js';

const terms = (overrides: Partial<RenewalTerms> = {}): RenewalTerms => ({
  iat: NOW,
  exp: NOW + 30 * DAY,
  tok_exp_warn_days: 2,
  update_days: 7,
  ...overrides,
});

const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const anyTerms = fc.record({
  iat: fc.constant(NOW),
  exp: fc.integer({ min: NOW + 1, max: NOW + 400 * DAY }),
  tok_exp_warn_days: fc.integer({ min: 0, max: 400 }),
  update_days: fc.integer({ min: 0, max: 400 }),
});

describe('the renewal of a token is due', () => {
  it.each<[string, Partial<RenewalTerms>, number]>([
    ['update_days after iat, where that is first', {}, NOW + 7 * DAY],
    ['tok_exp_warn_days before exp, where that is first', { update_days: 29 }, NOW + 28 * DAY],
    ['a day after iat, where update_days is 0', { update_days: 0 }, NOW + DAY],
    [
      'a day before exp, where nothing else is earlier',
      { tok_exp_warn_days: 0, update_days: 60 },
      NOW + 29 * DAY,
    ],
    [
      'in time for two more tries, where the token is short-lived',
      { exp: NOW + 600, tok_exp_warn_days: 0 },
      NOW + 400,
    ],
    ['after half of its life, where all of it lies within the warning time', { exp: NOW + 600 }, NOW + 300],
    ['after half of its life, where the warning begins with it', { exp: NOW + 2 * DAY }, NOW + DAY],
    ['at once, where it was never good for anything', { exp: NOW }, NOW],
  ])('%s', (_, overrides, due) => {
    expect(renewalDueAt(terms(overrides))).toBe(due);
  });

  it('a day after iat where the token does not say', () => {
    expect(renewalDueAt({ iat: NOW, exp: NOW + 30 * DAY })).toBe(NOW + DAY);
  });

  it('after its iat and before its exp, with any value', () => {
    fc.assert(
      fc.property(anyTerms, (any) => {
        const due = renewalDueAt(any);
        expect(due).toBeGreaterThanOrEqual(any.iat);
        expect(due).toBeLessThan(any.exp);
      }),
    );
  });
});

describe('the first attempt to renew a token', () => {
  it('lies up to a tenth before it is due, as chance will have it', () => {
    expect(firstAttemptAt(terms(), NOW, 0)).toBe(NOW + 7 * DAY);
    expect(firstAttemptAt(terms(), NOW, 0.5)).toBe(NOW + 7 * DAY - 0.35 * DAY);
    fc.assert(
      fc.property(anyTerms, chance, (any, random) => {
        const first = firstAttemptAt(any, NOW, random);
        const due = renewalDueAt(any);
        expect(first).toBeLessThanOrEqual(Math.max(due, NOW + 1));
        expect(first).toBeGreaterThanOrEqual(Math.max(NOW, due - 0.1 * (due - NOW)));
      }),
    );
  });

  it('is made within a second, but not by the whole fleet at once, where it is overdue', () => {
    const later = NOW + 40 * DAY;
    expect(firstAttemptAt(terms(), later, 0)).toBe(later);
    expect(firstAttemptAt(terms(), later, 0.5)).toBe(later + 0.5);
  });
});

describe('the attempt after a failure', () => {
  it.each([
    [1, 10],
    [2, 60],
    [3, 600],
    [4, 6_000],
    [5, DAY],
    [6, DAY],
    [1_000_000, DAY],
  ])('number %s in a row waits up to %s s', (failures, longest) => {
    expect(attemptAfterFailure(terms(), failures, NOW, 0.999_999)).toBeCloseTo(NOW + longest, 0);
    expect(attemptAfterFailure(terms(), failures, NOW, 0.5)).toBe(NOW + longest / 2);
  });

  it('never follows within a second', () => {
    expect(attemptAfterFailure(terms(), 1, NOW, 0)).toBe(NOW + 1);
  });

  it('leaves room for two more tries before exp, as long as seconds are left', () => {
    fc.assert(
      fc.property(anyTerms, fc.integer({ min: 1, max: 50 }), chance, (any, failures, random) => {
        const next = attemptAfterFailure(any, failures, NOW, random);
        const left = any.exp - NOW;
        expect(next).toBeLessThanOrEqual(NOW + Math.max(1, left / 3));
      }),
    );
  });

  it.each([
    ['at exp', 0, 4, 60],
    ['an hour later', 3_600, 4, 60],
    ['two hours later', 7_200, 4, 120],
    ['two hours later, of a short wait', 7_200, 1, 10],
    ['a day later', DAY, 4, 1_440],
    ['a week later', 7 * DAY, 4, 6_000],
    ['a week later, after many failures', 7 * DAY, 9, 10_080],
    ['a year later', 365 * DAY, 9, DAY],
  ])('waits after exp too, %s (%s s) as failure %s up to %s s', (_, later, failures, longest) => {
    const now = NOW + 30 * DAY + later;
    expect(attemptAfterFailure(terms(), failures, now, 0.5)).toBe(now + longest / 2);
  });

  it.each([
    [1, 1, 10],
    [3, 1, 600],
    [4, 1, 600],
    [9, 60, 600],
    [9, 3_600, 600],
  ])('number %s follows a pause of %s s that the issuer asked for within %s s', (step, pause, longest) => {
    expect(attemptAfterFailure(terms(), step, NOW, 0, pause)).toBe(NOW + pause);
    expect(attemptAfterFailure(terms(), step, NOW, 0.5, pause)).toBe(NOW + pause + longest / 2);
  });

  it('adds no more than a minute, or a sixtieth, to the time after exp', () => {
    const any = fc.integer({ min: 0, max: 400 * DAY });
    fc.assert(
      fc.property(any, fc.integer({ min: 1, max: 50 }), chance, (since, failures, random) => {
        const now = NOW + 30 * DAY + since;
        const wait = attemptAfterFailure(terms(), failures, now, random) - now;
        expect(wait).toBeLessThanOrEqual(Math.max(60, since / 60) + 1e-6);
      }),
    );
  });
});

describe('the back-off', () => {
  it('goes on a step with each wait that is taken in whole', () => {
    expect([1, 2, 3, 4, 5, 9].map((step) => stepsTaken(terms(), step, NOW))).toEqual([1, 2, 3, 4, 5, 9]);
    expect(stepsTaken(terms(), 3, NOW + 31 * DAY)).toBe(3);
    expect(stepsTaken(terms(), 5, NOW + 31 * DAY)).toBe(4);
    expect(stepsTaken(terms(), 2, NOW + 30 * DAY)).toBe(2);
    expect(stepsTaken(terms(), 3, NOW + 30 * DAY)).toBe(2);
  });

  it('stays at ten minutes while the issuer asks for pauses', () => {
    let steps = 0;
    for (let i = 0; i < 20; i += 1) steps = stepsTaken(terms(), steps + 1, NOW, 1);
    expect(steps).toBe(3);
  });

  it('stays where it is while exp cuts the waits short', () => {
    expect(stepsTaken(terms({ exp: NOW + 29 }), 1, NOW)).toBe(0);
    expect(stepsTaken(terms({ exp: NOW + 30 }), 1, NOW)).toBe(1);
    expect(stepsTaken(terms({ exp: NOW + 179 }), 2, NOW)).toBe(1);
  });
});

describe('the attempt after the issuer had nothing newer', () => {
  it('is made at the next regular time, somewhat earlier by chance', () => {
    expect(attemptAfterUnchanged(terms(), NOW, 0)).toBe(NOW + 7 * DAY);
    expect(attemptAfterUnchanged(terms(), NOW, 0.5)).toBe(NOW + 7 * DAY * 0.95);
    expect(attemptAfterUnchanged(terms({ update_days: 0 }), NOW, 0)).toBe(NOW + DAY);
    expect(attemptAfterUnchanged({ iat: NOW, exp: NOW + 30 * DAY }, NOW, 0)).toBe(NOW + DAY);
  });

  it('leaves room for two more tries before exp, and a minute to the issuer', () => {
    expect(attemptAfterUnchanged(terms({ exp: NOW + 3 * DAY }), NOW, 0)).toBe(NOW + DAY);
    expect(attemptAfterUnchanged(terms({ exp: NOW + 30 }), NOW, 0)).toBe(NOW + 60);
    expect(attemptAfterUnchanged(terms(), NOW + 31 * DAY, 0)).toBe(NOW + 38 * DAY);
  });
});

describe('the longest pause that an issuer gets', () => {
  it.each([
    ['an hour, with a week until exp', 7 * DAY, 3_600],
    ['an hour, with three hours', 3 * 3_600, 3_600],
    ['a third of the time, with less', 900, 300],
    ['a third, with three minutes', 180, 60],
    ['a minute, where that is more than a third', 150, 60],
    ['half of the time, where a minute leaves no time for a try', 60, 30],
    ['a minute, at exp', 0, 60],
    ['a minute, long after exp', -7 * DAY, 60],
  ])('is %s', (_, left, pause) => {
    expect(maxPause({ exp: NOW + left }, NOW)).toBe(pause);
  });

  it('leaves time for a try before exp, with any wait after it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 * DAY }), chance, (left, random) => {
        const any = { iat: NOW, exp: NOW + left };
        const pause = maxPause(any, NOW);
        // A second is the shortest wait of all.
        expect(attemptAfterFailure(any, 9, NOW, random, pause)).toBeLessThanOrEqual(
          Math.max(any.exp, NOW + 1),
        );
      }),
    );
  });

  it('never becomes shorter than what is left of one before exp', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 * DAY }), chance, (left, part) => {
        const terms = { exp: NOW + left };
        const pause = maxPause(terms, NOW);
        const passed = pause * part;
        expect(maxPause(terms, NOW + passed)).toBeGreaterThanOrEqual(pause - passed - 1e-6);
      }),
    );
  });
});
