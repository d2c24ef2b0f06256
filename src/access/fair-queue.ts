/** What waits, of several callers: the next is of the caller who was served longest ago. */
export class FairQueue<Item> {
  /** In the order in which callers are served. */
  readonly #byCaller = new Map<string, Item[]>();

  add(caller: string, item: Item): void {
    const own = this.#byCaller.get(caller);
    if (own === undefined) this.#byCaller.set(caller, [item]);
    else own.push(item);
  }

  /** How much of one caller waits. */
  count(caller: string): number {
    return this.#byCaller.get(caller)?.length ?? 0;
  }

  next(): Item | undefined {
    const [first] = this.#byCaller;
    if (first === undefined) return undefined;
    const [caller, [item, ...more]] = first;
    this.#byCaller.delete(caller);
    if (more.length > 0) this.#byCaller.set(caller, more);
    return item;
  }

  remove(caller: string, item: Item): void {
    const left = this.#byCaller.get(caller)?.filter((one) => one !== item) ?? [];
    if (left.length > 0) this.#byCaller.set(caller, left);
    else this.#byCaller.delete(caller);
  }
}
