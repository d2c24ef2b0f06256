/**
 * Work that is done again and again until it is stopped: the next time begins so long after the last one
 * ended, so two never overlap. It keeps no process alive.
 */
export class Periodic {
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> | undefined;
  #stopped = false;

  /**
   * @param everyMs - milliseconds between the end of one time and the beginning of the next
   * @param work - handles its own errors: a rejection ends the process
   */
  constructor(
    private readonly everyMs: number,
    private readonly work: () => Promise<void> | void,
  ) {}

  /** Begins, after the first wait. Once is enough: what goes on already is left alone. */
  start(): void {
    if (this.#timer === undefined) this.#schedule();
  }

  /** Ends it, and waits for what is being done. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#working;
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#working = Promise.resolve(this.work()).finally(() => this.#schedule());
    }, this.everyMs);
    this.#timer.unref();
  }
}
