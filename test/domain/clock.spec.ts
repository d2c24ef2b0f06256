import { setTimeout as delay } from 'node:timers/promises';
import { CLOCK, systemClock, toSeconds } from '../../src/domain/clock.js';

describe('The clock of the machine', () => {
  it('tells the wall time in Unix milliseconds', () => {
    const before = Date.now();
    const now = systemClock.now();
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Date.now());
  });

  it('has a second time, in milliseconds too, that goes on and never back', async () => {
    const [wall, first] = [performance.now(), systemClock.monotonic()];
    await delay(20);
    const [second, later] = [systemClock.monotonic(), performance.now()];
    expect(second).toBeGreaterThan(first);
    expect(second - first).toBeLessThanOrEqual(later - wall);
  });

  it('is asked for by a symbol that names it where one is missing', () => {
    expect(String(CLOCK)).toBe('Symbol(Clock)');
  });
});

describe('toSeconds', () => {
  it.each([
    [0, 0],
    [999, 0],
    [1_000, 1],
    [1_999, 1],
    [1_800_000_000_999, 1_800_000_000],
    [-1, -1],
  ])('makes of %d milliseconds the second %d that has begun', (milliseconds, seconds) => {
    expect(toSeconds(milliseconds)).toBe(seconds);
  });
});
