import { within } from '../../src/clock/within.js';

describe('Waiting within a time', () => {
  it('brings what the work brings, or fails with', async () => {
    await expect(within(1_000, Promise.resolve(7))).resolves.toBe(7);
    await expect(within(1_000, Promise.reject(new Error('own')))).rejects.toThrow('own');
  });

  it('ends before work that takes longer', async () => {
    const never = new Promise(() => undefined);
    await expect(within(20, never)).rejects.toThrow('it took more than 20 ms');
  });
});
