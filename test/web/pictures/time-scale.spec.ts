import { momentAt, placeOf, ticksOf } from '../../../web/src/pictures/time-scale.js';

const SCALE = { from: 1_000, to: 2_000 };
const utc = (text: string) => Date.parse(`${text}Z`) / 1_000;

describe('the scale of time', () => {
  it.each([
    [1_000, 0],
    [1_250, 0.25],
    [2_000, 1],
    [500, 0],
    [9_000, 1],
  ])('places %d at %d', (at, place) => {
    expect(placeOf(SCALE, at)).toBe(place);
  });

  it.each([
    [0, 1_000],
    [0.5, 1_500],
    [1, 2_000],
    [-1, 1_000],
    [7, 2_000],
  ])('has at %d the moment %d', (place, at) => {
    expect(momentAt(SCALE, place)).toBe(at);
  });

  it('without a length has one place', () => {
    expect(placeOf({ from: 5, to: 5 }, 5)).toBe(0);
  });
});

describe('the axis', () => {
  it.each<[string, string, string, number, readonly string[]]>([
    ['a day by hours', '2026-12-05T09:20:00', '2026-12-05T22:00:00', 4, ['12:00', '18:00']],
    ['a week by days', '2026-11-28T10:30:00', '2026-12-01T10:30:00', 4, ['29 Nov', '30 Nov', '1 Dec']],
    ['a month by Mondays', '2026-11-24T10:30:00', '2026-12-20T10:30:00', 4, ['30 Nov', '7 Dec', '14 Dec']],
    ['a year by quarters', '2026-11-28T10:30:00', '2027-11-28T10:30:00', 5, ['2027', 'Apr', 'Jul', 'Oct']],
    ['many years', '2026-11-28T10:30:00', '2046-11-28T10:30:00', 5, ['2030', '2035', '2040', '2045']],
  ])('names %s', (_, from, to, most, labels) => {
    const ticks = ticksOf({ from: utc(from), to: utc(to) }, most, true);
    expect(ticks.map(({ label }) => label)).toEqual(labels);
  });

  it.each([1, 2, 3, 5, 8, 13])('has at most one label more than the room for %d', (most) => {
    for (const days of [0.2, 1, 3, 7, 30, 90, 365, 3_650]) {
      const from = utc('2026-11-28T10:30:00');
      expect(ticksOf({ from, to: from + days * 86_400 }, most, true).length).toBeLessThanOrEqual(most + 1);
    }
  });

  it('is that of the local calendar too', () => {
    const from = utc('2026-11-28T10:30:00');
    for (const { at } of ticksOf({ from, to: from + 7 * 86_400 }, 8)) {
      expect(new Date(at * 1_000).getHours()).toBe(0);
    }
  });

  it('has no labels without a length', () => {
    expect(ticksOf({ from: 5, to: 5 }, 5)).toEqual([]);
  });
});
