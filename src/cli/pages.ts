import { wholeNumber } from './arguments.js';
import { CommandError } from './command-error.js';
import { ExitCode } from './exit-code.js';

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

/**
 * Reads one page, or all that follow.
 * @returns the pages, and the cursor of what is left
 * @throws CommandError where the service leads to a page again that was read, so that there would be no end
 */
export async function allPages<Page extends { readonly cursor: string | null }>(
  { limit, cursor, all }: PageOptions,
  read: (query: { limit?: number; cursor?: string }) => Promise<Page>,
): Promise<{ pages: Page[]; rest: string | null }> {
  const pages: Page[] = [];
  const known = new Set(cursor === undefined ? [] : [cursor]);
  let next: string | null = cursor ?? null;
  do {
    const page = await read({
      ...(limit !== undefined && { limit }),
      ...(next !== null && { cursor: next }),
    });
    pages.push(page);
    if (all && page.cursor !== null && known.has(page.cursor))
      throw new CommandError(
        ExitCode.Unknown,
        `The service leads to the page ${JSON.stringify(page.cursor)} twice, so there is no last page.`,
        'Look at the version of the service: "licentia status".',
      );
    if (page.cursor !== null) known.add(page.cursor);
    next = page.cursor;
  } while (all && next !== null);
  return { pages, rest: next };
}
