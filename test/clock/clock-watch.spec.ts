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

  /** How far the earliest moment that it may be lies before what the clock says, seconds; the clock goes on in between. */
  const doubt = () => Math.floor(clock.now() / 1000) - watch.earliest;
  const expectDoubt = (seconds: number) => expect(Math.abs(doubt() - seconds)).toBeLessThanOrEqual(1);

  it('believes a clock that goes evenly from the start, however long it goes', async () => {
    expectDoubt(0);
    clock.advance(1_000 * MINUTE_MS);
    expectDoubt(0);
    expect(await jumps()).toEqual([0, 0]);
  });

  it.each([
    ['forward', 60_000, 60, [1, 0]],
    ['years ahead', 3 * 365 * 86_400_000, 3 * 365 * 86_400, [1, 0]],
    // What it says then is the earlier of both.
    ['back', -60_000, 0, [0, 1]],
  ])(
    'counts a clock that is set %s, and for ten minutes it may be the earlier moment',
    async (_, by, seconds, counted) => {
      clock.set(clock.now() + by);
      expectDoubt(seconds);
      expect(await jumps()).toEqual(counted);
      clock.advance(10 * MINUTE_MS - 1_000);
      expectDoubt(seconds);
      clock.advance(2_000);
      expectDoubt(0);
      expect(await jumps()).toEqual(counted);
    },
  );

  it('goes by the earlier moment of a clock that is set ahead and back, and by the earliest of several', async () => {
    const started = clock.now();
    clock.set(started + MINUTE_MS);
    expectDoubt(60);
    clock.set(started);
    expectDoubt(0);
    expect(await jumps()).toEqual([1, 1]);
    clock.set(started - MINUTE_MS);
    expectDoubt(0);
    clock.set(started + MINUTE_MS);
    expectDoubt(120);
    expect(await jumps()).toEqual([2, 2]);
  });

  it('takes small corrections for what they are', async () => {
    for (let step = 0; step < 10; step += 1) {
      clock.set(clock.now() + 1_500);
      watch.look();
    }
    expectDoubt(0);
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
