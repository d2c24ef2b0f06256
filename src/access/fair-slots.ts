import { ServiceError } from '../domain/service-error.js';
import { MAX_WRITE_QUEUE_MS } from '../domain/request-deadline.js';
import { FairQueue } from './fair-queue.js';

/** Slots that callers get one after another, however many requests each of them has. */
export class FairSlots {
  readonly #waiting = new FairQueue<() => void>();
  #free: number;

  constructor(count: number) {
    this.#free = count;
  }

  /**
   * @returns what gives the slot back, to be called once: at once where a slot is free
   * @throws ServiceError `too-many-requests`, as a rejection, where none becomes free in time
   */
  take(caller: string): (() => void) | Promise<() => void> {
    if (this.#free === 0) return this.#wait(caller);
    this.#free -= 1;
    return () => this.#giveBack();
  }

  async #wait(caller: string): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const start = () => {
        clearTimeout(timer);
        resolve(() => this.#giveBack());
      };
      const timer = setTimeout(() => {
        this.#waiting.remove(caller, start);
        reject(new ServiceError('too-many-requests', undefined, { retryAfter: 1 }));
      }, MAX_WRITE_QUEUE_MS);
      this.#waiting.add(caller, start);
    });
  }

  #giveBack(): void {
    const next = this.#waiting.next();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
