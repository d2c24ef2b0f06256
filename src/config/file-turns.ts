/**
 * Who may use a thread of Node for a file: one call at a time for each file system, and a few in total. A call on a
 * file system that hangs keeps its thread until the file system answers. So one that hangs takes one thread, however
 * many of its files are named, and files elsewhere go on.
 */
export class FileTurns {
  readonly #calls = new Map<string, Promise<unknown>>();

  /** @param max - file systems at a time */
  constructor(private readonly max: number) {}

  /** How many calls are under way. */
  get size(): number {
    return this.#calls.size;
  }

  /** Does it when it is the turn of its file system. */
  async take<T>(fileSystem: string, work: () => Promise<T>): Promise<T> {
    for (;;) {
      const own = this.#calls.get(fileSystem);
      if (own === undefined && this.#calls.size < this.max) break;
      await (own ?? Promise.race(this.#calls.values()));
    }
    const result = work();
    const end = () => this.#calls.delete(fileSystem);
    this.#calls.set(fileSystem, result.then(end, end));
    return result;
  }
}
