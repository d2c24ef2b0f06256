import { Logger } from '@nestjs/common';
import { ClockWatch } from '../../src/clock/clock-watch.js';
import { Metrics } from '../../src/metrics/metrics.js';
import { FakeClock } from '../support/fake-clock.js';

const MINUTE_MS = 60_000;

describe('the watch over the clock', () => {
  let clock: FakeClock;
  let metrics: Metrics;
  let watch: ClockWatch;

  beforeAll(() => Logger.overrideLogger(false));

  beforeEach(() => {
    clock = new FakeClock();
    metrics = new Metrics();
    watch = new ClockWatch(metrics, clock);
  });

  const jumps = async () => {
    const text = await metrics.text();
    const of = (direction: string) =>
      Number(new RegExp(`licentia_clock_jumps_total\\{direction="${direction}"\\} (\\d+)`).exec(text)?.[1]);
    return [of('forward'), of('back')];
  };

  it('finds a clock that goes evenly settled from the start, however long it goes', async () => {
    expect(watch.settled).toBe(true);
    clock.advance(1_000 * MINUTE_MS);
    expect(watch.settled).toBe(true);
    expect(await jumps()).toEqual([0, 0]);
  });

  it.each([
    ['forward', 2_100, [1, 0]],
    ['back', -2_100, [0, 1]],
    ['years ahead', 3 * 365 * 86_400_000, [1, 0]],
  ])('counts a clock that is set %s, and does not believe it for ten minutes', async (_, by, counted) => {
    clock.set(clock.now() + by);
    expect(watch.settled).toBe(false);
    expect(await jumps()).toEqual(counted);
    clock.advance(10 * MINUTE_MS - 1_000);
    expect(watch.settled).toBe(false);
    clock.advance(1_000);
    expect(watch.settled).toBe(true);
    expect(await jumps()).toEqual(counted);
  });

  it('counts both ways of a clock that is set and set back', async () => {
    const then = clock.now();
    clock.set(then + MINUTE_MS);
    watch.look();
    clock.set(then);
    watch.look();
    expect(await jumps()).toEqual([1, 1]);
    expect(watch.settled).toBe(false);
  });

  it('takes small corrections for what they are', async () => {
    for (let step = 0; step < 10; step += 1) {
      clock.set(clock.now() + 1_500);
      watch.look();
    }
    expect(watch.settled).toBe(true);
    expect(await jumps()).toEqual([0, 0]);
  });

  it('knows how far the clocks of others are ahead, once they were asked', async () => {
    expect(watch.skew('database')).toBeUndefined();
    expect(await metrics.text()).not.toContain('licentia_clock_skew_seconds{');
    const now = clock.now();
    clock.hold(now);
    watch.compare('database', now + 7_000, now);
    watch.compare('issuer', now - 90_000, now);
    expect(watch.skew('database')).toBe(7);
    expect(watch.skew('issuer')).toBe(-90);
    expect(await metrics.text()).toContain('licentia_clock_skew_seconds{peer="database"} 7');
  });

  it('halves the time that the way takes', () => {
    const now = clock.now();
    clock.hold(now + 4_000);
    watch.compare('database', now + 2_000, now);
    expect(watch.skew('database')).toBe(0);
  });

  it('forgets nothing for an answer that cannot be compared', () => {
    const now = clock.now();
    clock.hold(now);
    watch.compare('issuer', now + 3_000, now);
    watch.compare('issuer', NaN, now);
    watch.compare('issuer', now, now + 1);
    expect(watch.skew('issuer')).toBe(3);
  });
});
