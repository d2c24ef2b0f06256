import { tooManyWaiting } from '../database/database-error.js';
import { type Actor, SYSTEM } from '../domain/actor.js';
import { type Clock } from '../domain/clock.js';
import { MAX_WRITE_QUEUE_MS } from '../domain/request-deadline.js';

interface Waiting<In, Out> {
  readonly input: In;
  readonly actor: Actor;
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
   * @param work - one output for each input, in their order; its error is that of all of them. It has done nothing
   *   where it throws, and is repeated without the actors who lost their rights meanwhile
   * @param size - how many inputs one batch has at most
   */
  constructor(
    private readonly work: (inputs: readonly In[], actors: readonly Actor[]) => Promise<readonly Out[]>,
    private readonly size: number,
    private readonly clock: Clock,
  ) {}

  /**
   * @throws ServiceError `database.unavailable` where its turn comes too late; the errors of the work, and of an actor
   *   who lost its rights before it was done
   */
  async add(input: In, actor: Actor = SYSTEM): Promise<Out> {
    return new Promise<Out>((resolve, reject) => {
      this.#waiting.push({ input, actor, since: this.clock.monotonic(), resolve, reject });
      if (!this.#isRunning) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiting.length > 0) {
      await this.#work(this.#waiting.splice(0, this.size).filter((one) => !this.#isOverdue(one)));
    }
    this.#isRunning = false;
  }

  async #work(waiting: readonly Waiting<In, Out>[]): Promise<void> {
    const batch = waiting.filter((one) => isAllowed(one));
    if (batch.length === 0) return;
    try {
      const outputs = await this.work(
        batch.map(({ input }) => input),
        batch.map(({ actor }) => actor),
      );
      batch.forEach(({ resolve }, index) => resolve(outputs[index] as Out));
    } catch (error) {
      const left = batch.filter((one) => isAllowed(one));
      if (left.length < batch.length) return this.#work(left);
      for (const { reject } of batch) reject(error);
    }
  }

  #isOverdue({ since, reject }: Waiting<In, Out>): boolean {
    if (this.clock.monotonic() - since <= MAX_WRITE_QUEUE_MS) return false;
    reject(tooManyWaiting('requests'));
    return true;
  }
}

/** Whether its actor may still do what it asked for; tells it where it may not. */
function isAllowed<In, Out>({ actor, reject }: Waiting<In, Out>): boolean {
  try {
    actor.assertStillAllowed?.();
    return true;
  } catch (error) {
    reject(error);
    return false;
  }
}
