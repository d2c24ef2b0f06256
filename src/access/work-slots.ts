/**
 * Slots for requests that need more than memory: a body, the database, the issuer. One caller gets half of them at
 * most, and no more than `maxOfOne`, so that no caller takes all. Memory is bounded by the number of slots.
 */
export class WorkSlots {
  readonly #byCaller = new Map<string, number>();
  readonly #maxOfOne: number;
  #taken = 0;

  constructor(
    private readonly most: number,
    maxOfOne = Infinity,
  ) {
    this.#maxOfOne = Math.min(Math.ceil(most / 2), maxOfOne);
  }

  /** @returns what gives the place back, to be called once; undefined when there is none for this caller */
  take(caller: string): (() => void) | undefined {
    const own = this.#byCaller.get(caller) ?? 0;
    if (this.#taken >= this.most || own >= this.#maxOfOne) return undefined;
    this.#taken += 1;
    this.#byCaller.set(caller, own + 1);
    return () => this.#giveBack(caller);
  }

  #giveBack(caller: string): void {
    this.#taken -= 1;
    const left = (this.#byCaller.get(caller) ?? 0) - 1;
    if (left > 0) this.#byCaller.set(caller, left);
    else this.#byCaller.delete(caller);
  }
}
