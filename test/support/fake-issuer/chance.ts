import { seededRandom } from '../random.js';
import type { Fault } from './faults/fault.js';

/** Faults by chance: the same ones in the same order for the same seed and the same requests. */
export class Chance {
  readonly #next: () => number;

  /** @param share - of the requests that meet a fault, from 0 to 1 */
  constructor(
    readonly seed: number,
    readonly share: number,
    private readonly faults: readonly Fault[],
  ) {
    this.#next = seededRandom(seed);
  }

  /** The fault of the next request or connection, if it meets one. */
  pick(hits: Fault['hits']): Fault | undefined {
    const met = this.#next() < this.share;
    const among = this.faults.filter((fault) => fault.hits === hits && fault.never === undefined);
    const chosen = among[Math.floor(this.#next() * among.length)];
    return met ? chosen : undefined;
  }
}
