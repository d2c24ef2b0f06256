import { AttemptWindow } from '../../src/domain/attempt-window.js';
import { FakeClock } from '../support/fake-clock.js';

/** A clock that stands still unless it is moved. */
class StoppedClock extends FakeClock {
  #time = 0;

  override monotonic(): number {
    return this.#time;
  }

  override advance(milliseconds: number): void {
    this.#time += milliseconds;
  }
}

describe('A window of attempts', () => {
  it('is full after as many as are allowed, and opens when it is over, counted from the first', () => {
    const clock = new StoppedClock();
    const window = new AttemptWindow(clock, 2, 1_000);
    expect(window.take('a')).toBe(true);
    clock.advance(600);
    expect(window.full('a')).toBe(false);
    expect(window.take('a')).toBe(true);
    expect(window.full('a')).toBe(true);
    expect(window.take('a')).toBe(false);
    clock.advance(399);
    expect([window.take('a'), window.full('a')]).toEqual([false, true]);
    clock.advance(1);
    expect([window.full('a'), window.take('a')]).toEqual([false, true]);
  });

  it('counts each key by itself, and forgets one that is cleared', () => {
    const window = new AttemptWindow(new StoppedClock(), 1, 1_000);
    window.take('a');
    expect([window.full('a'), window.full('b')]).toEqual([true, false]);
    window.clear('a');
    expect(window.full('a')).toBe(false);
  });

  it('says after how many seconds it opens, rounded up and at least 1', () => {
    const clock = new StoppedClock();
    const window = new AttemptWindow(clock, 1, 60_000);
    window.take('a');
    expect(window.retryAfter('a')).toBe(60);
    clock.advance(58_500);
    expect(window.retryAfter('a')).toBe(2);
    clock.advance(1_499);
    expect(window.retryAfter('a')).toBe(1);
  });

  it('keeps no more keys than it may: the one that was seen longest ago goes', () => {
    const window = new AttemptWindow(new StoppedClock(), 1, 1_000, 2);
    window.take('a');
    window.take('b');
    window.take('a');
    window.take('c');
    expect([window.full('a'), window.full('c'), window.full('b')]).toEqual([true, true, false]);
  });

  it('says how many it remembers, and how many it forgot before they were over', () => {
    const clock = new StoppedClock();
    const window = new AttemptWindow(clock, 1, 1_000, 2);
    for (const key of ['a', 'b']) window.take(key);
    expect([window.size, window.forgotten]).toEqual([2, 0]);
    window.take('c');
    expect([window.size, window.forgotten]).toEqual([2, 1]);
    window.clear('c');
    expect([window.size, window.forgotten]).toEqual([1, 1]);
    clock.advance(1_000);
    for (const key of ['d', 'e']) window.take(key);
    // That of "b" was over.
    expect([window.size, window.forgotten]).toEqual([2, 1]);
    clock.advance(999);
    window.take('f');
    expect(window.forgotten).toBe(2);
  });

  it('waits for nothing where nothing was counted', () => {
    expect(new AttemptWindow(new StoppedClock(), 1, 60_000).retryAfter('a')).toBe(1);
  });
});
