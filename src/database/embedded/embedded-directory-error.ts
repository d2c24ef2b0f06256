/**
 * What is in the directory of an embedded database cannot be used by this release, and no waiting changes
 * that. The message says what it is and what to do.
 */
export class EmbeddedDirectoryError extends Error {
  override readonly name = 'EmbeddedDirectoryError';
}

/**
 * The directory of an open embedded database is not the one that was opened any more: deleted, moved, or
 * something was put over it. Callers see an unavailable database until the process is restarted. (Hence the
 * name of a plain error.)
 */
export class EmbeddedDirectoryLostError extends Error {
  constructor(directory: string, what: string) {
    super(
      `${what}: the embedded database in ${directory} is not the one that this process opened, so nothing is ` +
        'written any more. Put the right directory in its place, and start this process again (docs/operations.md).',
    );
  }
}
