import { randomUUID } from 'node:crypto';
import type { Boot } from '../../src/clock/boot.js';
import type { Clock } from '../../src/domain/clock.js';

/** A clock that goes on by itself from a moment of choice, and jumps when it is told to. */
export class FakeClock implements Clock {
  #offset: number;

  /** @param start - Unix milliseconds */
  constructor(start = Date.now()) {
    this.#offset = start - Date.now();
    this.#shift = this.#offset;
  }

  /**
   * How far the world of this clock is from ours, milliseconds: what every clock in it shows, but for what
   * one was {@link set} to.
   */
  get shift(): number {
    return this.#shift;
  }

  #shift: number;

  now(): number {
    return this.#held ?? Date.now() + this.#offset;
  }

  #held: number | undefined;

  /** Stops the wall clock at a moment, Unix milliseconds, until it is {@link set}: for what depends on one second. */
  hold(unixMilliseconds: number): void {
    this.#held = unixMilliseconds;
  }

  /** Jumps with the wall clock: what waits for a time-out need not be waited for. */
  monotonic(): number {
    return performance.now() + this.#jumped;
  }

  #jumped = 0;

  /** The run of the machine that has this clock: one of its own. Sleep counts in it. */
  boot(): Boot {
    return { id: this.#boot, seconds: (this.monotonic() + this.#slept) / 1000 };
  }

  /** The machine starts again, with the wall clock as it is. */
  reboot(): void {
    this.#boot = randomUUID();
  }

  #boot: string = randomUUID();
  #slept = 0;

  /** @param milliseconds - how far both times go forward */
  advance(milliseconds: number): void {
    this.#offset += milliseconds;
    this.#shift += milliseconds;
    this.#jumped += milliseconds;
  }

  /** Time passes while the machine sleeps: its monotonic clock stands still. @param milliseconds - for how long */
  sleep(milliseconds: number): void {
    this.#offset += milliseconds;
    this.#shift += milliseconds;
    this.#slept += milliseconds;
  }

  /** Sets the wall clock alone, as an operator or NTP does. */
  set(unixMilliseconds: number): void {
    this.#held = undefined;
    this.#offset = unixMilliseconds - Date.now();
  }
}
