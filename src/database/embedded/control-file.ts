import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';

/** Of PostgreSQL 18. */
export const CONTROL_VERSION = 1800;

/** As much as Postgres writes into it, and some more; the file is longer. Bytes. */
const LENGTH = 512;

/** Without O_NONBLOCK, opening a named pipe would never return, and the process with it. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;
/** `DB_SHUTDOWNED` of `DBState`. */
const SHUT_DOWN = 1;

/** What Postgres says of a data directory in `global/pg_control` (`ControlFileData` of PostgreSQL's `pg_control.h`). */
export interface ControlFile {
  readonly inode: number;
  /** Everything, to be compared. */
  readonly bytes: Buffer;
  /** Random, of the directory since its creation. */
  readonly system: bigint;
  /** The version of this very file; another than {@link CONTROL_VERSION} is not read any further. */
  readonly version: number;
  /** The version of the system catalogs: `initdb`'s; another one is another engine. */
  readonly catalog: number;
  /** Whether Postgres closed the directory in order, with a checkpoint of everything. */
  readonly isShutDown: boolean;
  /** Where the last checkpoint is in the log; it only grows. */
  readonly checkpoint: bigint;
}

/**
 * @param data - the data directory
 * @throws a plain error with Node's code and call when it cannot be read; without a call where it is no regular file
 */
export function readControlFile(data: string): ControlFile {
  const file = openSync(join(data, 'global', 'pg_control'), FLAGS);
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new NotRegularError();
    const bytes = Buffer.alloc(LENGTH);
    readSync(file, bytes, 0, LENGTH, 0);
    return {
      inode: stats.ino,
      bytes,
      system: bytes.readBigUInt64LE(0),
      version: bytes.readUInt32LE(8),
      catalog: bytes.readUInt32LE(12),
      isShutDown: bytes.readUInt32LE(16) === SHUT_DOWN,
      checkpoint: bytes.readBigUInt64LE(32),
    };
  } finally {
    closeSync(file);
  }
}

class NotRegularError extends Error {
  readonly code = 'not-regular';

  constructor() {
    super('global/pg_control is no regular file');
  }
}
