import { RenewalSlots } from '../../src/authority/renewal-slots.js';

/** Work that ends when it is told to. */
function work(): {
  readonly do: () => Promise<void>;
  readonly end: () => void;
  readonly began: () => boolean;
} {
  let end = (): void => undefined;
  let began = false;
  const ended = new Promise<void>((resolve) => (end = resolve));
  return { do: async () => ((began = true), ended), end: () => end(), began: () => began };
}

const token = (jti: string, iat = 1) => ({ jti, iat });
const settled = async () => new Promise((resolve) => setImmediate(resolve));

describe('renewals', () => {
  it('of one license take turns, and those of another one do not wait for them', async () => {
    const slots = new RenewalSlots();
    const [first, second, other] = [work(), work(), work()];
    const all = [
      slots.run('a', token('1'), first.do),
      slots.run('a', token('2'), second.do),
      slots.run('b', token('1'), other.do),
    ];
    await settled();
    expect([first.began(), second.began(), other.began()]).toEqual([true, false, true]);
    first.end();
    await settled();
    expect(second.began()).toBe(true);
    second.end();
    other.end();
    await Promise.all(all);
  });

  it('that fail let the next one have its turn', async () => {
    const slots = new RenewalSlots();
    const failed = slots.run('a', token('1'), async () => Promise.reject(new Error('failed')));
    const next = slots.run('a', token('1'), async () => 'done');
    await expect(failed).rejects.toThrow('failed');
    expect(await next).toBe('done');
  });

  it('are refused where too many wait, with one token before others, and let in when these are done', async () => {
    const slots = new RenewalSlots();
    const running = work();
    const refused = (jti: string) =>
      expect(slots.run('a', token(jti), running.do)).rejects.toMatchObject({
        code: 'too_many_requests',
        status: 429,
      });
    const waiting = Array.from({ length: 8 }, () => slots.run('a', token('stolen'), running.do));
    await refused('stolen');
    waiting.push(...Array.from({ length: 24 }, (_, i) => slots.run('a', token(`own-${i}`), running.do)));
    await refused('one more');
    running.end();
    await Promise.all(waiting);
    await slots.run('a', token('stolen'), running.do);
  });
  it('with the newest token are let in before any number of older ones, in place of the oldest', async () => {
    const slots = new RenewalSlots();
    const running = work();
    const old = [1, 2, 3, 4].flatMap((iat) =>
      Array.from({ length: 8 }, () => slots.run('a', token(`old-${iat}`, iat), running.do)),
    );
    const outcomes = Promise.allSettled(old);
    let isDone = false;
    const newest = slots.run('a', token('newest', 5), async () => {
      isDone = true;
    });
    const later = expect(slots.run('a', token('as old', 1), running.do)).rejects.toThrow();
    await later;
    running.end();
    await newest;
    expect(isDone).toBe(true);
    const refused = (await outcomes).flatMap(({ status }, index) => (status === 'rejected' ? [index] : []));
    // The last one of the oldest token.
    expect(refused).toEqual([7]);
    await slots.run('a', token('old-1', 1), running.do);
  });
});
