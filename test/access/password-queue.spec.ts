import { PasswordQueue } from '../../src/access/password-queue.js';

/** Work that ends when the test says so. */
function stage() {
  const queue = new PasswordQueue();
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const ask = (client: string, name: string) =>
    queue.run(client, async () => {
      begun.push(name);
      await new Promise<void>((resolve) => ends.set(name, resolve));
      return name;
    });
  const end = async (name: string) => {
    ends.get(name)?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { queue, begun, ask, end };
}

describe('Passwords that wait to be hashed', () => {
  it('are hashed one at a time, and clients take turns', async () => {
    const { begun, ask, end } = stage();
    const all = [ask('a', 'a1'), ask('a', 'a2'), ask('a', 'a3'), ask('b', 'b1'), ask('c', 'c1')];
    expect(begun).toEqual(['a1']);
    for (const name of ['a1', 'a2', 'b1', 'c1', 'a3']) await end(name);
    expect(begun).toEqual(['a1', 'a2', 'b1', 'c1', 'a3']);
    const answers: unknown[] = [];
    for (const work of all) answers.push(await work);
    expect(answers).toEqual(['a1', 'a2', 'a3', 'b1', 'c1']);
  });

  it('are four of a client and 400 of all, beside the one at work', () => {
    const { ask } = stage();
    const ofOne = Array.from({ length: 7 }, (_, index) => ask('a', `a${index}`));
    expect(ofOne.map((work) => work !== undefined)).toEqual([true, true, true, true, true, false, false]);
    const others = Array.from({ length: 398 }, (_, index) => ask(`client ${index}`, `${index}`));
    expect(others.filter((work) => work !== undefined)).toHaveLength(396);
  });

  it('go on after work that failed', async () => {
    const { queue, begun, ask, end } = stage();
    const failed = queue.run('a', async () => {
      throw new Error('out of memory');
    });
    const next = ask('b', 'b1');
    await expect(failed).rejects.toThrow('out of memory');
    await end('none');
    expect(begun).toEqual(['b1']);
    await end('b1');
    expect(await next).toBe('b1');
    const later = ask('c', 'c1');
    await end('c1');
    expect(await later).toBe('c1');
  });
});
