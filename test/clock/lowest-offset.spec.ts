import { LowestOffset } from '../../src/clock/lowest-offset.js';

describe('the lowest offset of a wall clock', () => {
  const START = 1_800_000_000_000;
  let offsets: LowestOffset;

  beforeEach(() => {
    offsets = new LowestOffset();
  });

  /** How far the wall clock is ahead of the earliest moment, milliseconds. */
  const ahead = (wall: number, monotonic: number) => wall - offsets.earliest(wall, monotonic);

  it('is that of a clock that goes evenly', () => {
    for (let second = 0; second < 3_600; second += 7)
      expect(ahead(START + second * 1000, second * 1000)).toBe(0);
  });

  it('adds small steps up, and forgets them after ten minutes', () => {
    let wall = START;
    for (let second = 0; second < 20; second += 1) {
      expect(ahead(wall, second * 1000)).toBe(second * 1_500);
      wall += 2_500;
    }
    const [set, at] = [wall - 2_500, 19_000];
    expect(ahead(set + 580_000, at + 580_000)).toBeGreaterThan(10_000);
    expect(ahead(set + 610_000, at + 610_000)).toBe(0);
  });

  it('goes by the earlier moment of a clock that is set back', () => {
    ahead(START, 0);
    expect(ahead(START - 60_000 + 1_000, 1_000)).toBe(0);
    expect(ahead(START + 2_000, 2_000)).toBe(60_000);
  });
});
