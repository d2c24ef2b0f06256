import { FairQueue } from './fair-queue.js';

/** Waiting work of one client, and of all together. */
const MAX_OF_A_CLIENT = 4;
const MAX_WAITING = 400;

/**
 * One password is hashed at a time, as each takes a core and 32 MiB. Clients take turns, so a flood of wrong passwords
 * costs its own client, and another one waits for a hash of each client at most.
 */
export class PasswordQueue {
  readonly #waiting = new FairQueue<() => Promise<void>>();
  #count = 0;
  #isWorking = false;

  /** @returns what `work` returns; undefined where too much waits already, and nothing is done */
  run<T>(client: string, work: () => Promise<T>): Promise<T> | undefined {
    if (this.#waiting.count(client) >= MAX_OF_A_CLIENT || this.#count >= MAX_WAITING) return undefined;
    this.#count += 1;
    return new Promise((resolve, reject) => {
      this.#waiting.add(client, () => work().then(resolve, reject));
      if (!this.#isWorking) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    for (let next = this.#waiting.next(); next !== undefined; next = this.#waiting.next()) {
      this.#count -= 1;
      await next();
    }
    this.#isWorking = false;
  }
}
