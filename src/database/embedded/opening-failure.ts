import { join } from 'node:path';
import { DATA } from './data-layout.js';
import { damaged, EmbeddedDirectoryError } from './embedded-directory-error.js';
import { openingFault } from './opening-fault.js';

/** Where Postgres believes that its directory is. */
const INSIDE = '/pglite/data';

/**
 * What to throw where Postgres does not open a directory.
 * @param lines - what Postgres wrote before it gave up
 */
export function openingFailure(directory: string, cause: Error, lines: readonly string[]): Error {
  if (cause instanceof EmbeddedDirectoryError) return cause;
  const subject = `The embedded database in ${directory}`;
  const data = join(directory, DATA);
  const fault = openingFault([...lines, cause.message]);
  const reason = reasonOf(cause).replaceAll(INSIDE, data);
  switch (fault?.kind) {
    case undefined:
      return new Error(`${subject} can't be opened: ${cause.message}`, { cause });
    case 'other-engine':
      return new EmbeddedDirectoryError(
        `${subject} is of another PostgreSQL than this release has: ${cause.message}`,
        { cause },
      );
    case 'damaged':
      return damaged(data, reason, { cause });
    case 'settings': {
      const detail = wordsOf('LOG', lines)?.replaceAll(INSIDE, data);
      return new EmbeddedDirectoryError(
        `${subject} cannot be opened: ${reason}${detail === undefined ? '' : ` (${detail})`}. ` +
          'Correct that file, or restore it from a backup.',
        { cause },
      );
    }
    case 'foreign-file':
      return new EmbeddedDirectoryError(
        `${subject} cannot be opened because of ${join(data, fault.file)}: ${reason}. Restore the directory from ` +
          'a backup of a stopped program (docs/operations.md), or remove this file where it was added to such a directory.',
        { cause },
      );
  }
}

/** Without what Postgres hints at: that is for a server that an operator runs. */
function reasonOf({ message }: Error): string {
  const words = wordsOf('FATAL|PANIC', [message]) ?? message.replace(/^Postgres stopped: /, '');
  return words
    .replace(/; HINT: .*$/s, '')
    .replace(/; DETAIL: +/, ': ')
    .replace(/\.$/, '');
}

/** What the last line of a severity says; undefined where there is none. */
function wordsOf(severity: string, lines: readonly string[]): string | undefined {
  const words = new RegExp(` (?:${severity}): +(.*)`, 's');
  return lines.map((line) => words.exec(line)?.[1]).findLast((found) => found !== undefined);
}
