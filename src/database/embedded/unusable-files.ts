import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const { R_OK, W_OK, X_OK } = constants;
/** Postgres only reads them, so an operator may have locked them. */
const ONLY_READ = /^PG_VERSION$|\.conf$/;

/**
 * Looks whether this process may read and write everything in a data directory. Postgres finds out at the first write
 * alone, and says it only in a text. A restore by another user may leave such files. Root may use everything.
 *
 * @throws the system error of the first directory or file that it may not use
 */
export function assertUsable(directory: string): void {
  accessSync(directory, R_OK | W_OK | X_OK);
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    // An operator may have put a part of it elsewhere, its log for instance. A link that leads nowhere is no file.
    const found = entry.isSymbolicLink() ? statSync(path, { throwIfNoEntry: false }) : entry;
    if (found?.isDirectory()) assertUsable(path);
    else if (found?.isFile()) accessSync(path, ONLY_READ.test(entry.name) ? R_OK : R_OK | W_OK);
  }
}
