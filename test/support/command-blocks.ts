import { readdirSync, readFileSync } from 'node:fs';

const ROOT = new URL('../../', import.meta.url);

/** A block of commands in a document. */
export interface CommandBlock {
  /** The document's path in the repository. */
  readonly page: string;
  readonly line: number;
  readonly text: string;
}

/** The documents that readers paste from. */
export function pages(): string[] {
  const below = (folder: string) =>
    readdirSync(new URL(folder, ROOT), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => `${folder}${name}`)
      .sort();
  return ['README.md', ...below('docs/'), ...below('examples/')];
}

/** The blocks of commands of a document, in their order. */
export function commandBlocks(page: string): CommandBlock[] {
  const document = readFileSync(new URL(page, ROOT), 'utf8');
  return [...document.matchAll(/^( *)```(?:sh|bash|shell|console)\n([^]*?)^\1```$/gm)].map((match) => ({
    page,
    line: document.slice(0, match.index).split('\n').length,
    // A block in a list is indented.
    text: (match[2] ?? '').replaceAll(new RegExp(`^${match[1]}`, 'gm'), ''),
  }));
}
