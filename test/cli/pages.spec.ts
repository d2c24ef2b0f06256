import { allPages } from '../../src/cli/pages.js';

/** @param cursors - what each page says in turn, by the cursor that it was read with */
const service = (cursors: Readonly<Record<string, string | null>>) => {
  const asked: (string | undefined)[] = [];
  const read = async ({ cursor }: { cursor?: string }) => {
    asked.push(cursor);
    return { cursor: cursors[cursor ?? 'first'] ?? null };
  };
  return { asked, read };
};

describe('Pages of a list', () => {
  it('are read to the last one with --all', async () => {
    const { asked, read } = service({ first: 'a', a: 'b', b: null });
    const { pages, rest } = await allPages({ all: true }, read);
    expect([pages.length, rest, asked]).toEqual([3, null, [undefined, 'a', 'b']]);
  });

  it('are one without --all, with the cursor of the next one', async () => {
    const { read } = service({ a: 'b' });
    expect(await allPages({ cursor: 'a' }, read)).toEqual({ pages: [{ cursor: 'b' }], rest: 'b' });
  });

  it.each([
    ['the page itself', { first: 'a', a: 'a' }],
    ['a page before it', { first: 'a', a: 'b', b: 'a' }],
  ])('end with an error where one leads to %s', async (_what, cursors) => {
    const { asked, read } = service(cursors);
    await expect(allPages({ all: true }, read)).rejects.toThrow('The service leads to the page "a" twice');
    expect(asked.length).toBeLessThan(5);
  });
});
