import { isBusy } from '../../src/database/database-error.js';
import { MAX_WRITE_QUEUE_MS } from '../../src/domain/request-deadline.js';
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
});
