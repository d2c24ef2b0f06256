import { FileTurns } from '../../src/config/file-turns.js';

/** Calls under way, by file system; and those of the calls asked for next that begin. */
const ROWS: [string, string, string][] = [
  ['', 'a b c', 'a b c'],
  ['', 'a b c d', 'a b c'],
  ['', 'a a b', 'a b'],
  ['a', 'a b', 'b'],
  ['a', 'b b c c', 'b c'],
  ['a b', 'a b c', 'c'],
  ['a b', 'c d', 'c'],
  ['a b c', 'a b c d', ''],
];

/** Each call ends when its file system is told to answer. */
class Calls {
  readonly begun: string[] = [];
  readonly #answers = new Map<string, () => void>();
  readonly #turns = new FileTurns(3);

  get size(): number {
    return this.#turns.size;
  }

  async ask(fileSystems: string): Promise<string> {
    this.begun.length = 0;
    for (const name of fileSystems.split(' ').filter(Boolean)) {
      void this.#turns
        .take(name, async () => {
          this.begun.push(name);
          await new Promise<void>((resolve) => this.#answers.set(name, resolve));
          if (name === 'b') throw new Error('EIO');
        })
        .catch(() => undefined);
    }
    return this.#settled();
  }

  async answer(fileSystem: string): Promise<string> {
    this.begun.length = 0;
    this.#answers.get(fileSystem)?.();
    return this.#settled();
  }

  async #settled(): Promise<string> {
    await new Promise((resolve) => setImmediate(resolve));
    return this.begun.join(' ');
  }
}

describe('The turns of calls on files', () => {
  it.each(ROWS)('with calls on [%s] under way, of [%s] begin [%s]', async (before, asked, begin) => {
    const calls = new Calls();
    expect(await calls.ask(before)).toBe(before);
    expect(await calls.ask(asked)).toBe(begin);
  });

  it('come in the order in which they were asked for, after a call that failed too', async () => {
    const calls = new Calls();
    await calls.ask('a b b c d');
    expect(await calls.answer('b')).toBe('b');
    expect(await calls.answer('b')).toBe('d');
    expect(calls.size).toBe(3);
    for (const name of ['a', 'c', 'd']) expect(await calls.answer(name)).toBe('');
    expect(calls.size).toBe(0);
  });
});
