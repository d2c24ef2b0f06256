import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { postgresFiles } from './postgres-files.js';

const { R_OK, W_OK, X_OK } = constants;
/** Postgres only reads them, so an operator may have locked them. */
const ONLY_READ = /(^|[\\/])PG_VERSION$|\.conf$/;

/**
 * Looks whether this process may read and write what Postgres needs in a data directory. Postgres finds out at the
 * first write alone, and says it only in a text. A restore by another user may leave such files. Root may use
 * everything.
 *
 * @throws the system error of the first directory or file that it may not use
 */
export function assertUsable(data: string): void {
  for (const { name, isDirectory } of postgresFiles(data)) {
    const rights = isDirectory ? R_OK | W_OK | X_OK : ONLY_READ.test(name) ? R_OK : R_OK | W_OK;
    accessSync(join(data, name), rights);
  }
}
