import { EmbeddedDirectoryError } from './embedded-directory-error.js';

/** What to throw where Postgres does not open a directory. */
export function openingFailure(directory: string, cause: Error): Error {
  if (cause instanceof EmbeddedDirectoryError) return cause;
  const subject = `The embedded database in ${directory}`;
  if (/incompatible with server/.test(cause.message)) {
    const reason = `${subject} is of another PostgreSQL than this release has: ${cause.message}`;
    return new EmbeddedDirectoryError(reason, { cause });
  }
  return new Error(`${subject} can't be opened: ${cause.message}`, { cause });
}
