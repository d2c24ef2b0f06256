import { setTimeout as sleep } from 'node:timers/promises';
import {
  type DecideBatch,
  RenewalBatches,
  type RenewalOutcome,
} from '../../../src/issuer-server/renewals/renewal-batches.js';
import { RenewalRefusedError } from '../../../src/issuer-server/renewals/renewal-refused-error.js';
import type { RenewalAttempt } from '../../../src/issuer-server/renewals/renewal-attempt.js';
import type { LicenseClaims } from '../../../src/domain/license/license-claims.js';
import { parseRootUrl } from '../../../src/domain/root-url.js';
import { validClaims } from '../../support/tokens.js';

const attempt = (lid: string, idempotencyKey: string): RenewalAttempt => ({
  ...{
    claims: validClaims({ lid }) as unknown as LicenseClaims,
    idempotencyKey,
    instance: parseRootUrl('https://example.com/'),
  },
  ...{ version: '1', dryRun: false },
});

/** Transactions that end when they are told to. Each attempt is answered with its own idempotency key. */
class Transactions {
  readonly batches: string[][] = [];
  readonly #ends: (() => void)[] = [];

  readonly decide: DecideBatch = async (attempts) => {
    this.batches.push(attempts.map(({ idempotencyKey }) => idempotencyKey));
    await new Promise<void>((end) => this.#ends.push(end));
    return attempts.map(({ idempotencyKey }): RenewalOutcome => ({ answer: { token: idempotencyKey } }));
  };

  /** Waits until so many were begun. */
  async begun(count: number): Promise<void> {
    while (this.batches.length < count) await sleep(1);
  }

  /** Ends the first one that was begun and has not ended. */
  end(): void {
    this.#ends.shift()?.();
  }
}

describe('renewals of one license', () => {
  it('that arrive together, or during a transaction, are answered by one', async () => {
    const [batches, transactions] = [new RenewalBatches(), new Transactions()];
    const keys = Array.from({ length: 60 }, (_, index) => `key-${index}`);
    const run = async (key: string) => batches.run(attempt('a', key), transactions.decide);
    const first = keys.slice(0, 10).map(run);
    await transactions.begun(1);
    const next = keys.slice(10).map(run);
    transactions.end();
    await transactions.begun(2);
    const later = run('later');
    transactions.end();
    await transactions.begun(3);
    transactions.end();
    expect(await Promise.all([...first, ...next])).toEqual(keys.map((token) => ({ token })));
    expect(await later).toEqual({ token: 'later' });
    const afterwards = run('afterwards');
    await transactions.begun(4);
    transactions.end();
    expect(await afterwards).toEqual({ token: 'afterwards' });
    expect(transactions.batches).toEqual([keys.slice(0, 10), keys.slice(10), ['later'], ['afterwards']]);
  });

  it('are answered though more and more arrive', async () => {
    const [batches, transactions] = [new RenewalBatches(), new Transactions()];
    let isBegun = false;
    const begun = transactions.begun(1).then(() => (isBegun = true));
    const answers = [];
    for (let index = 0; !isBegun; index += 1) {
      answers.push(batches.run(attempt('a', `key-${index}`), transactions.decide));
      await sleep(1);
    }
    await begun;
    // It did not go on until there was no more room.
    expect(answers.length).toBeLessThan(400);
    while (transactions.batches.flat().length < answers.length) {
      transactions.end();
      await sleep(1);
    }
    transactions.end();
    expect(await Promise.all(answers)).toHaveLength(answers.length);
  });

  it('do not wait for those of another one', async () => {
    const [batches, transactions] = [new RenewalBatches(), new Transactions()];
    const both = ['a', 'b'].map(async (lid) => batches.run(attempt(lid, lid), transactions.decide));
    await transactions.begun(2);
    expect(transactions.batches).toEqual([['a'], ['b']]);
    transactions.end();
    transactions.end();
    await Promise.all(both);
  });

  it('fail together where their transaction does, and the next ones do not', async () => {
    const [batches, transactions] = [new RenewalBatches(), new Transactions()];
    const failed = batches.run(attempt('a', 'first'), async () => Promise.reject(new Error('failed')));
    await expect(failed).rejects.toThrow('failed');
    const next = batches.run(attempt('a', 'next'), transactions.decide);
    await transactions.begun(1);
    transactions.end();
    expect(await next).toEqual({ token: 'next' });
  });

  it('are refused each for itself', async () => {
    const refusal = new RenewalRefusedError('not_due');
    const renewed = new RenewalBatches().run(attempt('a', 'one'), async () => [{ refusal }]);
    await expect(renewed).rejects.toBe(refusal);
  });

  it('are dropped by chance where too many wait: early and late ones alike', async () => {
    const [batches, transactions] = [new RenewalBatches(), new Transactions()];
    const run = async (_: unknown, index: number) =>
      batches.run(attempt('a', `key-${index}`), transactions.decide);
    const settled = Promise.allSettled(Array.from({ length: 1200 }, run));
    await transactions.begun(1);
    transactions.end();
    const outcomes = await settled;
    const refused = outcomes.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(800);
    for (const one of refused)
      expect(one).toMatchObject({ reason: { code: 'too_many_requests', status: 429 } });
    for (const third of [outcomes.slice(0, 400), outcomes.slice(400, 800), outcomes.slice(800)])
      expect(third.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0);
  });
});
