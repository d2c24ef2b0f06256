import { LRUCache } from 'lru-cache';
import type { Clock } from './clock.js';

/**
 * Counts events of a key within a window that starts with the first event. Memory is bounded: the least recently
 * used key is dropped.
 */
export class AttemptWindow {
  readonly #windows: LRUCache<string, { since: number; count: number }>;
  #forgotten = 0;

  /**
   * @param most - how many are allowed within a window
   * @param windowMs - how long a window lasts, milliseconds
   */
  constructor(
    private readonly clock: Clock,
    private readonly most: number,
    private readonly windowMs: number,
    maxKeys = 10_000,
  ) {
    this.#windows = new LRUCache({
      max: maxKeys,
      dispose: ({ since }, _key, reason) => {
        if (reason === 'evict' && this.clock.monotonic() - since < this.windowMs) this.#forgotten += 1;
      },
    });
  }

  /** Counts one more. @returns false, and counts nothing, when the window is full */
  take(key: string): boolean {
    const window = this.#window(key);
    if (window.count >= this.most) return false;
    window.count += 1;
    return true;
  }

  /** Whether the window is full. */
  full(key: string): boolean {
    return (this.#open(key)?.count ?? 0) >= this.most;
  }

  /** How many windows were forgotten before they were over, for want of room. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** How many keys are remembered. */
  get size(): number {
    return this.#windows.size;
  }

  /** Forgets what was counted. */
  clear(key: string): void {
    this.#windows.delete(key);
  }

  /** Seconds until a full window opens again, at least 1. */
  retryAfter(key: string): number {
    return Math.max(1, Math.ceil(this.#left(key) / 1000));
  }

  /** When the present window is over, Unix milliseconds; now where there is none. */
  until(key: string): number {
    return this.clock.now() + Math.max(0, this.#left(key));
  }

  #left(key: string): number {
    return (this.#open(key)?.since ?? -Infinity) + this.windowMs - this.clock.monotonic();
  }

  #open(key: string): { since: number; count: number } | undefined {
    const known = this.#windows.get(key);
    return known !== undefined && this.clock.monotonic() - known.since < this.windowMs ? known : undefined;
  }

  #window(key: string): { since: number; count: number } {
    const known = this.#open(key);
    if (known !== undefined) return known;
    const opened = { since: this.clock.monotonic(), count: 0 };
    this.#windows.set(key, opened);
    return opened;
  }
}
