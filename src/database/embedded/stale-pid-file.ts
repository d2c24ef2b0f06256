import { closeSync, constants, type Stats, lstatSync, openSync, readSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EmbeddedDirectoryError } from './embedded-directory-error.js';

/** Postgres writes the number of its process as soon as it has made the file. Milliseconds. */
const WRITTEN_WITHIN = 1_000;
/** More than the number takes. Bytes. */
const LENGTH = 64;

/**
 * Removes a `postmaster.pid` that names no process: empty or of zeros, as after a power cut, or a link, which Postgres
 * never makes. Postgres would not open the directory. A file that names a process that is gone it replaces itself.
 * The caller holds the lock of the directory, so no program of ours has it open.
 *
 * @throws EmbeddedDirectoryError where a directory has its name; a system error where it cannot be read
 */
export async function removeStalePidFile(data: string): Promise<void> {
  const path = join(data, 'postmaster.pid');
  const found = statsOf(path);
  if (found === undefined) return;
  if (found.isDirectory())
    throw new EmbeddedDirectoryError(
      `The embedded database cannot be opened: ${path} is a directory. Remove it, or restore ` +
        `${data} from a backup (docs/operations.md).`,
    );
  if (!namesNoProcess(path, found)) return;
  // PostgreSQL itself, if it should start on this directory now, has none of our locks.
  await delay(WRITTEN_WITHIN);
  const now = statsOf(path);
  if (now !== undefined && now.ino === found.ino && namesNoProcess(path, now))
    await rm(path, { force: true });
}

function statsOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function namesNoProcess(path: string, found: Stats): boolean {
  if (found.isSymbolicLink()) return true;
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const bytes = Buffer.alloc(LENGTH);
    const length = readSync(file, bytes, 0, LENGTH, 0);
    return !/^\s*[+-]?0*[1-9]/.test(bytes.toString('latin1', 0, length));
  } finally {
    closeSync(file);
  }
}
