import { chmodSync, type Dirent, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** What group and others may do. */
export const OTHERS = 0o077;

/**
 * Makes new files of this process its owner's to read and write, in spite of a umask such as 277: Postgres opens again
 * what it has made.
 */
export function letOwnerWrite(): void {
  process.umask(process.umask() & OTHERS);
}

/**
 * Takes every right to a directory and to what is in it from group and others; links are left alone, and so are
 * directories of another user that may not be listed, as the `lost+found` of a volume.
 */
export function makePrivate(directory: string): void {
  tighten(directory);
  for (const entry of entriesOf(directory)) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) makePrivate(path);
    else if (entry.isFile()) tighten(path);
  }
}

function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
    return [];
  }
}

/** The same for one file or directory. Skips those of another user, as the root of a volume can be. */
export function tighten(path: string): void {
  const { mode } = lstatSync(path);
  if ((mode & OTHERS) === 0) return;
  try {
    chmodSync(path, mode & 0o7700);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
  }
}
