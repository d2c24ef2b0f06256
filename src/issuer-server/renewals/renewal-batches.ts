import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { AttemptAnswer, RenewalAttempt } from './renewal-attempt.js';
import { RenewalRefusedError } from './renewal-refused-error.js';

/** So many renewals of one license wait in this process: half of the connections that the listener takes. */
const MAX_WAITING = 400;

/** A batch is complete when none arrives for so long, milliseconds. */
const ROUND_MS = 5;
/** A batch waits for so many of these rounds at most. */
const MAX_ROUNDS = 10;

/** What a batch makes of one of its attempts. */
export type RenewalOutcome = { readonly answer: AttemptAnswer } | { readonly refusal: RenewalRefusedError };

/** Decides on attempts for one license, in one transaction: an outcome for each, in their order. */
export type DecideBatch = (attempts: readonly RenewalAttempt[]) => Promise<readonly RenewalOutcome[]>;

interface Waiting {
  readonly attempt: RenewalAttempt;
  readonly resolve: (outcome: RenewalOutcome) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Collects the renewals of a license that arrive together, or while one of its transactions runs; the next
 * transaction answers all of them. So callers in a loop hold one database connection a license, and no
 * renewal waits for more than two transactions.
 */
@Injectable()
export class RenewalBatches {
  /** By license: the renewals that wait for the next transaction. */
  readonly #waiting = new Map<string, Waiting[]>();

  /**
   * @param decide - is called for the attempts of one batch; the batches of a license follow each other
   * @throws RenewalRefusedError of the attempt's outcome, or `too_many_requests`; what `decide` throws
   */
  async run(attempt: RenewalAttempt, decide: DecideBatch): Promise<AttemptAnswer> {
    const outcome = await new Promise<RenewalOutcome>((resolve, fail) => {
      this.#add({ attempt, resolve, fail }, decide);
    });
    if ('refusal' in outcome) throw outcome.refusal;
    return outcome.answer;
  }

  #add(one: Waiting, decide: DecideBatch): void {
    const { lid } = one.attempt.claims;
    const waiting = this.#waiting.get(lid);
    if (waiting === undefined) {
      this.#waiting.set(lid, [one]);
      void this.#work(lid, decide);
      return;
    }
    // By chance: any order could be used to keep one caller out.
    if (waiting.length >= MAX_WAITING) {
      const [dropped] = waiting.splice(Math.floor(Math.random() * waiting.length), 1);
      dropped?.resolve({ refusal: new RenewalRefusedError('too_many_requests') });
    }
    waiting.push(one);
  }

  async #work(lid: string, decide: DecideBatch): Promise<void> {
    for (;;) {
      await this.#gather(lid);
      const batch = this.#waiting.get(lid) ?? [];
      if (batch.length === 0) break;
      this.#waiting.set(lid, []);
      await decideAll(batch, decide);
    }
    this.#waiting.delete(lid);
  }

  /**
   * Waits for as long as more renewals arrive. A transaction on the embedded database holds up the whole
   * process, and Node accepts one connection in a turn of its event loop: without this wait most batches have
   * one attempt.
   */
  async #gather(lid: string): Promise<void> {
    const count = () => this.#waiting.get(lid)?.length ?? 0;
    for (let rounds = 0, seen = 0; rounds < MAX_ROUNDS && count() > seen; rounds += 1) {
      seen = count();
      await sleep(ROUND_MS);
    }
  }
}

/** Never rejects: an error is one of every attempt of the batch. */
async function decideAll(batch: readonly Waiting[], decide: DecideBatch): Promise<void> {
  try {
    const outcomes = await decide(batch.map(({ attempt }) => attempt));
    batch.forEach(({ resolve, fail }, index) => {
      const outcome = outcomes[index];
      if (outcome === undefined) fail(new Error('a renewal of the batch was not decided on'));
      else resolve(outcome);
    });
  } catch (error) {
    for (const { fail } of batch) fail(error);
  }
}
