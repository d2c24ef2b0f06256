import { existsSync, readdirSync, readFileSync } from 'node:fs';

const ROOT = new URL('../../', import.meta.url);
const INDEX = 'docs/README.md';

const read = (page: string | URL): string => readFileSync(new URL(page, ROOT), 'utf8');

const docs = readdirSync(new URL('docs/', ROOT), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`);
const pages = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', ...docs];

/** A link of a page to a file of the repository, or to a heading of one. */
interface Link {
  readonly text: string;
  readonly file: URL;
  readonly anchor: string | undefined;
}

function linksOf(page: string): Link[] {
  return [...read(page).matchAll(/\[([^\]]+)\]\(([^)\s]+)\)/g)]
    .filter(([, , target = '']) => !/^[a-z]+:/.test(target))
    .map(([, text = '', target = '']) => {
      const [path = '', anchor] = target.split('#');
      const base = new URL(page, ROOT);
      return { text, file: path === '' ? base : new URL(path, base), anchor };
    });
}

/** The anchors that GitHub makes of the headings of a page. */
const anchorsOf = (page: URL): string[] =>
  [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

describe('docs/README.md', () => {
  const links = linksOf(INDEX);

  it('names every page below docs', () => {
    const named = new Set(links.map(({ file }) => file.href));
    expect(docs.length).toBeGreaterThan(30);
    expect(docs.filter((page) => page !== INDEX && !named.has(new URL(page, ROOT).href))).toEqual([]);
  });

  it('names decisions by their titles', () => {
    const wrong = links
      .filter(({ file }) => file.pathname.includes('/decisions/'))
      .filter(
        ({ text, file }) =>
          !read(file).startsWith(`# ${Number(file.pathname.split('/').at(-1)?.slice(0, 4))}. ${text}\n`),
      );
    expect(wrong).toEqual([]);
  });
});

describe('Every link', () => {
  it.each(pages)('in %s leads to a file and a heading that exist', (page) => {
    const broken = linksOf(page).filter(
      ({ file, anchor }) => !existsSync(file) || (anchor !== undefined && !anchorsOf(file).includes(anchor)),
    );
    expect(broken.map(({ text, file, anchor }) => [text, file.pathname, anchor])).toEqual([]);
  });
});
