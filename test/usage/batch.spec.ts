import { isBusy } from '../../src/database/database-error.js';
import { MAX_WRITE_QUEUE_MS } from '../../src/domain/request-deadline.js';
import { ServiceError } from '../../src/domain/service-error.js';
import { Batch } from '../../src/usage/batch.js';
import { FakeClock } from '../support/fake-clock.js';

describe('A batch', () => {
  it('says that the database is busy to what waited too long for the batch before', async () => {
    const clock = new FakeClock();
    let finish: (() => void) | undefined;
    const first = new Promise<void>((resolve) => (finish = resolve));
    const batch = new Batch<string, string>(
      async (inputs) => {
        await first;
        return inputs.map((input) => input.toUpperCase());
      },
      10,
      clock,
    );
    const done = batch.add('a');
    const late = batch.add('b').catch((error: unknown) => error);
    clock.advance(MAX_WRITE_QUEUE_MS + 1);
    const inTime = batch.add('c');
    finish?.();
    expect([await done, await inTime]).toEqual(['A', 'C']);
    const error = await late;
    expect(error).toMatchObject({ message: 'The database is busy: too many requests are waiting.' });
    expect(isBusy(error)).toBe(true);
  });

  it('does the work again without a caller who lost its rights meanwhile, and tells it alone', async () => {
    const rounds: (readonly string[])[] = [];
    let isRevoked = false;
    const actor = (id: string) => ({
      id,
      requestId: '',
      assertStillAllowed: () => {
        if (isRevoked && id === 'revoked') throw new ServiceError('api-key.revoked');
      },
    });
    const batch = new Batch<string, string>(
      async (inputs, actors) => {
        rounds.push(inputs);
        isRevoked = inputs.includes('b');
        for (const { assertStillAllowed } of actors) assertStillAllowed?.();
        return Promise.resolve(inputs);
      },
      10,
      new FakeClock(),
    );
    const first = batch.add('a');
    const others = [batch.add('b', actor('revoked')), batch.add('c', actor('other')), batch.add('d')];
    const settled = await Promise.allSettled([first, ...others]);
    expect(settled.map((one) => (one.status === 'fulfilled' ? one.value : one.reason.code))).toEqual([
      ...['a', 'api-key.revoked', 'c', 'd'],
    ]);
    expect(rounds).toEqual([['a'], ['b', 'c', 'd'], ['c', 'd']]);
  });

  it('begins nothing for a caller who lost its rights while it waited', async () => {
    const rounds: (readonly string[])[] = [];
    let isRevoked = false;
    const work = async (inputs: readonly string[]) => {
      rounds.push(inputs);
      isRevoked = true;
      return Promise.resolve(inputs);
    };
    const assertStillAllowed = () => {
      if (isRevoked) throw new ServiceError('api-key.revoked');
    };
    const batch = new Batch<string, string>(work, 10, new FakeClock());
    const first = batch.add('a');
    const late = batch.add('b', { id: 'revoked', requestId: '', assertStillAllowed });
    await expect(late).rejects.toMatchObject({ code: 'api-key.revoked' });
    expect([await first, rounds]).toEqual(['a', [['a']]]);
  });
});
