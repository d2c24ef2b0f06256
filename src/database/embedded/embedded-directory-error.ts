/**
 * An embedded database cannot be used by this release, or by this process, and no waiting changes
 * that. The message says what it is and what to do.
 */
export class EmbeddedDirectoryError extends Error {
  override readonly name = 'EmbeddedDirectoryError';
}

/** @param data - the data directory. @param what - finishes "it is damaged: " */
export function damaged(data: string, what: string, options?: ErrorOptions): EmbeddedDirectoryError {
  return new EmbeddedDirectoryError(
    `${data} is damaged: ${what}. Restore the directory from a backup (docs/operations.md).`,
    options,
  );
}

/**
 * Postgres could not write its last checkpoint. What was acknowledged is in its log, and the next opening reads it from
 * there, where it can.
 */
export class UnfinishedCheckpointError extends Error {
  override readonly name = 'UnfinishedCheckpointError';

  constructor(directory: string, reason: string) {
    super(
      `The embedded database in ${directory} could not be closed in order: ${reason || 'its last checkpoint failed'}. ` +
        'What was acknowledged is in its log (pg_wal), from which the next start recovers: keep the directory as it is.',
    );
  }
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
