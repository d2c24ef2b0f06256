/**
 * Work that is done again and again until it is stopped: the next time begins so long after the last one
 * ended, so two never overlap. It keeps no process alive.
 */
export class Periodic {
  #timer: NodeJS.Timeout | undefined;
  #working = Promise.resolve();
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

  /** Does it once more, after what is being done, and waits for that. Does nothing once it is stopped. */
  async now(): Promise<void> {
    await this.#turn();
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
      void this.#turn().finally(() => this.#schedule());
    }, this.everyMs);
    this.#timer.unref();
  }

  #turn(): Promise<void> {
    this.#working = this.#working.then(async () => {
      if (!this.#stopped) await this.work();
    });
    return this.#working;
  }
}
