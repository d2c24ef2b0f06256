import {
  type DecideBatch,
  RenewalBatches,
  type RenewalOutcome,
} from '../../../src/issuer-server/renewals/renewal-batches.js';
import { RenewalRefused } from '../../../src/issuer-server/renewals/renewal-refused.js';
import type { RenewalAttempt } from '../../../src/issuer-server/renewals/renewal-attempt.js';
import type { LicenseClaims } from '../../../src/domain/license/license-claims.js';
import { validClaims } from '../../support/tokens.js';

const attempt = (lid: string, idempotencyKey: string): RenewalAttempt => ({
  ...{
    claims: validClaims({ lid }) as unknown as LicenseClaims,
    idempotencyKey,
    instance: 'https://example.com/',
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

  async end(): Promise<void> {
    this.#ends.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('renewals of one license', () => {
  it('that arrive during a transaction are answered together by the next one', async () => {
    const [batches, transactions] = [new RenewalBatches(), new Transactions()];
    const keys = Array.from({ length: 50 }, (_, index) => `key-${index}`);
    const answers = keys.map(async (key) => batches.run(attempt('a', key), transactions.decide));
    await transactions.end();
    expect(transactions.batches).toEqual([['key-0'], keys.slice(1)]);
    const later = batches.run(attempt('a', 'later'), transactions.decide);
    await transactions.end();
    await transactions.end();
    expect(await Promise.all(answers)).toEqual(keys.map((token) => ({ token })));
    expect(await later).toEqual({ token: 'later' });
    const afterwards = batches.run(attempt('a', 'afterwards'), transactions.decide);
    await transactions.end();
    expect(await afterwards).toEqual({ token: 'afterwards' });
  });

  it('do not wait for those of another one', async () => {
    const [batches, transactions] = [new RenewalBatches(), new Transactions()];
    const both = ['a', 'b'].map(async (lid) => batches.run(attempt(lid, lid), transactions.decide));
    expect(transactions.batches).toEqual([['a'], ['b']]);
    await transactions.end();
    await transactions.end();
    await Promise.all(both);
  });

  it('fail together where their transaction does, and the next ones do not', async () => {
    const [batches, transactions] = [new RenewalBatches(), new Transactions()];
    const failed = batches.run(attempt('a', 'first'), async () => Promise.reject(new Error('failed')));
    await expect(failed).rejects.toThrow('failed');
    const next = batches.run(attempt('a', 'next'), transactions.decide);
    await transactions.end();
    expect(await next).toEqual({ token: 'next' });
  });

  it('are refused each for itself', async () => {
    const refusal = new RenewalRefused('not_due');
    const renewed = new RenewalBatches().run(attempt('a', 'one'), async () => [{ refusal }]);
    await expect(renewed).rejects.toBe(refusal);
  });

  it('are dropped by chance where too many wait: early and late ones alike', async () => {
    const [batches, transactions] = [new RenewalBatches(), new Transactions()];
    const all = Array.from({ length: 1201 }, async (_, index) =>
      batches.run(attempt('a', `key-${index}`), transactions.decide),
    );
    const settled = Promise.allSettled(all);
    await transactions.end();
    await transactions.end();
    const outcomes = (await settled).slice(1);
    const refused = outcomes.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(800);
    for (const one of refused)
      expect(one).toMatchObject({ reason: { code: 'too_many_requests', status: 429 } });
    for (const third of [outcomes.slice(0, 400), outcomes.slice(400, 800), outcomes.slice(800)])
      expect(third.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0);
  });
});
