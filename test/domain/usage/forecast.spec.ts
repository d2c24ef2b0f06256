import fc from 'fast-check';
import { forecastSeats, type UsagePoint } from '../../../src/domain/usage/forecast.js';

const TODAY = 20_000;

/** Points of the days before today, the oldest first. */
const points = (days: number, used: (index: number) => number): UsagePoint[] =>
  Array.from({ length: days }, (_, index) => ({ day: TODAY - days + index, used: used(index) }));

describe('the forecast of seats', () => {
  it('is the day on which an exact line reaches the limit', () => {
    expect(
      forecastSeats(
        points(20, (index) => 2 * index),
        100,
        TODAY,
      ),
    ).toEqual({
      method: 'theil-sen',
      days: 20,
      seatsPerDay: 2,
      day: TODAY - 20 + 50,
      earliest: TODAY - 20 + 50,
      latest: TODAY - 20 + 50,
    });
  });

  it('needs 14 days', () => {
    expect(
      forecastSeats(
        points(13, (index) => index),
        100,
        TODAY,
      ),
    ).toBeUndefined();
    expect(
      forecastSeats(
        points(14, (index) => index),
        100,
        TODAY,
      ),
    ).toBeDefined();
  });

  it('looks back 90 days, and not at today', () => {
    const old = points(200, (index) => (index < 110 ? 1000 : index - 110));
    expect(forecastSeats(old, 1000, TODAY)).toMatchObject({ days: 90, seatsPerDay: 1 });
    const today = [...points(20, (index) => index), { day: TODAY, used: 5000 }];
    expect(forecastSeats(today, 100, TODAY)?.days).toBe(20);
  });

  it('is none for a line that falls or stays', () => {
    expect(
      forecastSeats(
        points(20, (index) => 50 - index),
        100,
        TODAY,
      ),
    ).toBeUndefined();
    expect(
      forecastSeats(
        points(20, () => 50),
        100,
        TODAY,
      ),
    ).toBeUndefined();
  });

  it('is none beyond ten years', () => {
    expect(
      forecastSeats(
        points(20, (index) => index),
        4_000,
        TODAY,
      ),
    ).toBeUndefined();
  });

  it('is today where the limit is reached already', () => {
    expect(
      forecastSeats(
        points(20, (index) => 100 + index),
        50,
        TODAY,
      ),
    ).toMatchObject({
      day: TODAY,
      earliest: TODAY,
      latest: TODAY,
    });
  });

  it('is not moved by a few odd days', () => {
    const odd = points(40, (index) => (index % 10 === 5 ? 900 : index));
    expect(forecastSeats(odd, 100, TODAY)?.seatsPerDay).toBeCloseTo(1, 1);
  });

  it('has a range around the day, with no end where the line may as well not rise', () => {
    const noisy = points(30, (index) => index + ((index * 7) % 11) * 2);
    const found = forecastSeats(noisy, 100, TODAY);
    expect(found?.earliest).toBeLessThan(found?.day as number);
    expect(found?.latest).toBeGreaterThan(found?.day as number);
    const flat = points(30, (index) => index / 10 + ((index * 13) % 7) * 10);
    expect(forecastSeats(flat, 100, TODAY)?.latest).toBeUndefined();
  });

  it('names a day that is not in the past, within its range, for any counts', () => {
    const any = fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 14, maxLength: 60 });
    fc.assert(
      fc.property(any, fc.integer({ min: 0, max: 1000 }), (used, limit) => {
        const found = forecastSeats(
          points(used.length, (index) => used[index] as number),
          limit,
          TODAY,
        );
        if (found === undefined) return;
        expect(found.day).toBeGreaterThanOrEqual(TODAY);
        expect(found.earliest).toBeLessThanOrEqual(found.day);
        expect(found.latest ?? Infinity).toBeGreaterThanOrEqual(found.day);
      }),
    );
  });
});
