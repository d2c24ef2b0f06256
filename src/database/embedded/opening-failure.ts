import { constants } from 'node:fs';
import { access, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { assertWritable } from './data-directory.js';
import { EmbeddedDirectoryError } from './embedded-directory-error.js';

/** What to throw where Postgres does not open a directory. */
export async function openingFailure(directory: string, cause: Error): Promise<Error> {
  if (cause instanceof EmbeddedDirectoryError) return cause;
  const subject = `The embedded database in ${directory}`;
  if (/incompatible with server/.test(cause.message)) {
    const reason = `${subject} is of another PostgreSQL than this release has: ${cause.message}`;
    return new EmbeddedDirectoryError(reason, { cause });
  }
  return new Error(`${subject} can't be opened: ${cause.message}`, {
    // Postgres says only in a text that it may not use a file.
    cause: (await findUnusable(directory)) ?? cause,
  });
}

/**
 * Finds what in a tree this process may not read and write, as what a restore by another user left behind.
 * @returns the system error of the first such file or directory; undefined where there is none
 */
async function findUnusable(path: string): Promise<Error | undefined> {
  try {
    await access(path, constants.R_OK | constants.W_OK);
    if (!(await stat(path)).isDirectory()) return undefined;
    await assertWritable(path);
    for (const name of await readdir(path)) {
      const found = await findUnusable(join(path, name));
      if (found !== undefined) return found;
    }
    return undefined;
  } catch (error) {
    // Files come and go.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : (error as Error);
  }
}
