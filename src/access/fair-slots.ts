import { ServiceError } from '../domain/service-error.js';
import { MAX_WRITE_QUEUE_MS } from '../domain/request-deadline.js';
import { FairQueue } from './fair-queue.js';

/** Gives a slot back. @param outage - whether its work failed as the database was not available */
type GiveBack = (outage: boolean) => void;

/** Slots that callers get one after another, however many requests each of them has. */
export class FairSlots {
  readonly #waiting = new FairQueue<() => void>();
  #free: number;
  /** How many slots were given back since the start, and how the work of the last one ended. */
  #returned = { count: 0, outage: false };

  constructor(count: number) {
    this.#free = count;
  }

  /**
   * @returns what gives the slot back, to be called once: at once where a slot is free
   * @throws ServiceError as a rejection, where none becomes free in time: `database.unavailable` where the work before
   *   it failed with that, else `too-many-requests`
   */
  take(caller: string): GiveBack | Promise<GiveBack> {
    if (this.#free === 0) return this.#wait(caller);
    this.#free -= 1;
    return (outage) => this.#giveBack(outage);
  }

  async #wait(caller: string): Promise<GiveBack> {
    const { count } = this.#returned;
    return new Promise((resolve, reject) => {
      const start = () => {
        clearTimeout(timer);
        resolve((outage) => this.#giveBack(outage));
      };
      const timer = setTimeout(() => {
        this.#waiting.remove(caller, start);
        const isOutage = this.#returned.count > count && this.#returned.outage;
        reject(
          isOutage
            ? new ServiceError('database.unavailable', undefined, { retryAfter: 2 })
            : new ServiceError('too-many-requests', undefined, { retryAfter: 1 }),
        );
      }, MAX_WRITE_QUEUE_MS);
      this.#waiting.add(caller, start);
    });
  }

  #giveBack(outage: boolean): void {
    this.#returned = { count: this.#returned.count + 1, outage };
    const next = this.#waiting.next();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
