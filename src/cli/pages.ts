import { wholeNumber } from './arguments.js';

export interface PageOptions {
  readonly limit?: number;
  readonly cursor?: string;
  readonly all?: true;
}

export const PAGE_OPTIONS = [
  ['--limit <n>', 'how many entries at most (default: 100, at most 1000)', wholeNumber],
  ['--cursor <cursor>', 'go on after the page that had this cursor'],
  ['--all', 'go on until the last page'],
] as const;

/** Reads one page, or all that follow. @returns the pages, and the cursor of what is left */
export async function allPages<Page extends { readonly cursor: string | null }>(
  { limit, cursor, all }: PageOptions,
  read: (query: { limit?: number; cursor?: string }) => Promise<Page>,
): Promise<{ pages: Page[]; rest: string | null }> {
  const pages: Page[] = [];
  let next: string | null = cursor ?? null;
  do {
    const page = await read({
      ...(limit !== undefined && { limit }),
      ...(next !== null && { cursor: next }),
    });
    pages.push(page);
    next = page.cursor;
  } while (all && next !== null);
  return { pages, rest: next };
}
