import type { Fault } from './faults/fault.js';

/** Faults by chance: the same ones in the same order for the same seed and the same requests. */
export class Chance {
  #state: number;

  /** @param share - of the requests that meet a fault, from 0 to 1 */
  constructor(
    readonly seed: number,
    readonly share: number,
    private readonly faults: readonly Fault[],
  ) {
    this.#state = seed >>> 0;
  }

  /** The fault of the next request or connection, if it meets one. */
  pick(hits: Fault['hits']): Fault | undefined {
    const met = this.#next() < this.share;
    const among = this.faults.filter((fault) => fault.hits === hits && fault.never === undefined);
    const chosen = among[Math.floor(this.#next() * among.length)];
    return met ? chosen : undefined;
  }

  /** Mulberry32: a number from 0 to 1, 1 excluded. */
  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}
