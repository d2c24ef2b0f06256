import { tooManyWaiting } from '../database/database-error.js';
import { type Clock } from '../domain/clock.js';
import { MAX_WRITE_QUEUE_MS } from '../domain/request-deadline.js';

interface Waiting<In, Out> {
  readonly input: In;
  readonly since: number;
  readonly resolve: (output: Out) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Does work of one kind together: what is asked for while a batch is under way goes into the next one. So a crowd
 * needs few transactions, and one connection.
 */
export class Batch<In, Out> {
  #waiting: Waiting<In, Out>[] = [];
  #isRunning = false;

  /**
   * @param work - one output for each input, in their order; its error is that of all of them
   * @param size - how many inputs one batch has at most
   */
  constructor(
    private readonly work: (inputs: readonly In[]) => Promise<readonly Out[]>,
    private readonly size: number,
    private readonly clock: Clock,
  ) {}

  /** @throws ServiceError `database.unavailable` where its turn comes too late; the errors of the work */
  async add(input: In): Promise<Out> {
    return new Promise<Out>((resolve, reject) => {
      this.#waiting.push({ input, since: this.clock.monotonic(), resolve, reject });
      if (!this.#isRunning) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.size).filter((one) => !this.#isOverdue(one));
      if (batch.length === 0) continue;
      try {
        const outputs = await this.work(batch.map(({ input }) => input));
        batch.forEach(({ resolve }, index) => resolve(outputs[index] as Out));
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#isRunning = false;
  }

  #isOverdue({ since, reject }: Waiting<In, Out>): boolean {
    if (this.clock.monotonic() - since <= MAX_WRITE_QUEUE_MS) return false;
    reject(tooManyWaiting('requests'));
    return true;
  }
}
