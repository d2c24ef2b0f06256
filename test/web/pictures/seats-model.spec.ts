import type { Api } from '#client';
import {
  barAt,
  barsOf,
  chartOf,
  limitPath,
  momentOfDay,
  roundUp,
} from '../../../web/src/pictures/seats-model.js';
import { dayBefore, hasSeats, type SeatsState } from '../../../web/src/seats-state.js';
import { DAY, NOW } from '../license-state.js';

const TODAY = dayBefore(NOW, 0);

function closed(day: string, peak: number, limit: number | null, denials = 0): Api.UsageDay {
  return { day, peak, used: peak, limit, denials } as Api.UsageDay;
}

function seats(parts: Partial<Api.Usage> = {}, days: readonly Api.UsageDay[] = []): SeatsState {
  const usage = { used: 41, limit: 50, forecast: null, measuredAt: NOW, ...parts } as Api.Usage;
  return { usage, days, denials: undefined };
}

const forecast = (days: number, latest: number | null): Api.Usage['forecast'] => ({
  ...{ method: 'theil-sen', days: 40, pool: 'all', seatsPerDay: 0.5 },
  date: dayBefore(NOW, -days),
  earliest: dayBefore(NOW, -days + 2),
  latest: latest === null ? null : dayBefore(NOW, -latest),
});

describe('days of seats', () => {
  it('are the closed ones and the present one, oldest first', () => {
    const days = [closed(dayBefore(NOW, 1), 30, 50, 2), closed(dayBefore(NOW, 2), 20, 25)];
    expect(
      barsOf(seats({}, days)).map(({ day, peak, limit, denials, isToday }) => [
        day,
        peak,
        limit,
        denials,
        isToday,
      ]),
    ).toEqual([
      [dayBefore(NOW, 2), 20, 25, 0, false],
      [dayBefore(NOW, 1), 30, 50, 2, false],
      [TODAY, 41, 50, 0, true],
    ]);
  });

  it('begin at midnight, UTC', () => {
    expect(momentOfDay('2026-12-05') % DAY).toBe(0);
    expect(dayBefore(momentOfDay('2026-12-05'), 1)).toBe('2026-12-04');
  });
});

describe('the axis of seats', () => {
  it.each([
    [0, 4],
    [4, 4],
    [5, 5],
    [41, 50],
    [54, 60],
    [121, 160],
    [1_080, 1_200],
    [99_999, 100_000],
  ])('for %d ends at %d', (value, top) => {
    expect(roundUp(value)).toBe(top);
  });
});

describe('the line of the limit', () => {
  const days = [closed(dayBefore(NOW, 2), 20, 25), closed(dayBefore(NOW, 1), 30, 25)];

  it('steps where the limit changed, and goes on to the right end', () => {
    const { limits } = chartOf(seats({}, days));
    expect(limits.map(({ limit }) => limit)).toEqual([25, 50]);
    expect(limits[0]?.to).toBeCloseTo(limits[1]!.from);
    expect(limits[1]?.to).toBe(1);
    expect(
      limitPath(
        limits,
        (place) => Math.round(place * 100),
        (count) => count,
      ),
    ).toMatch(/^M\d+ 25H(\d+)L\1 50H100$/);
  });

  it('has a gap on days without a limit', () => {
    const { limits } = chartOf(seats({}, [days[0]!, closed(dayBefore(NOW, 1), 30, null)]));
    expect(
      limitPath(
        limits,
        (place) => place,
        (count) => count,
      ).match(/M/g),
    ).toHaveLength(2);
  });
});

describe('the forecast', () => {
  it('goes from now to the limit, between its earliest and its latest day', () => {
    const { forecast: line, scale } = chartOf(seats({ forecast: forecast(10, 14) }));
    expect(line).toMatchObject({ used: 41, limit: 50, latest: 1 - 0.5 * (DAY / (scale.to - scale.from)) });
    expect([line!.from, line!.earliest, line!.to, line!.latest]).toEqual(
      [line!.from, line!.earliest, line!.to, line!.latest].toSorted((a, b) => a - b),
    );
  });

  it.each<[string, Partial<Api.Usage>]>([
    ['is not drawn where there is none', {}],
    ['is not drawn where it is far away', { forecast: forecast(300, 400) }],
    ['is not drawn without a limit', { limit: null, forecast: forecast(10, 14) }],
  ])('%s', (_, parts) => {
    expect(chartOf(seats(parts)).forecast).toBeUndefined();
  });

  it('without a latest day ends at its date', () => {
    const { forecast: line } = chartOf(seats({ forecast: forecast(10, null) }));
    expect(line?.latest).toBe(line?.to);
  });
});

describe('the day under the pointer', () => {
  it.each([
    [1, TODAY],
    [0, dayBefore(NOW, 2)],
  ])('at %d is %s', (place, day) => {
    const days = [closed(dayBefore(NOW, 2), 20, 25), closed(dayBefore(NOW, 1), 30, 25)];
    expect(barAt(chartOf(seats({}, days)), place)?.day).toBe(day);
  });
});

describe('the picture of seats', () => {
  it.each<[string, SeatsState, boolean]>([
    ['a limit', seats({ used: 0 }), true],
    ['subjects that count', seats({ limit: null }), true],
    ['days on which some did', seats({ limit: null, used: 0 }, [closed(TODAY, 3, null)]), true],
    ['nothing', seats({ limit: null, used: 0 }, [closed(TODAY, 0, null)]), false],
  ])('with %s', (_, state, isShown) => {
    expect(hasSeats(state)).toBe(isShown);
  });
});
