import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DIRECTORIES } from './data-layout.js';

const { R_OK, W_OK, X_OK } = constants;
/** Postgres only reads them, so an operator may have locked them. */
const ONLY_READ = /^PG_VERSION$|\.conf$/;

const NEEDED = new Set(DIRECTORIES);
const FILES = /^(PG_VERSION|postgresql(\.auto)?\.conf|pg_(hba|ident)\.conf)$/;
/** Databases, and the files of tables and of the log, begin with a digit. */
const BELOW = /^(\d.*|PG_VERSION|pg_control|pg_filenode\.map|replorigin_checkpoint)$/;

/**
 * Looks whether this process may read and write what Postgres needs in a data directory. Postgres finds out at the
 * first write alone, and says it only in a text. A restore by another user may leave such files. What else is there,
 * as a `lost+found` or the note of a backup tool, does not matter. Root may use everything.
 *
 * @throws the system error of the first directory or file that it may not use
 */
export function assertUsable(data: string): void {
  assertUsableIn(data, '');
}

function assertUsableIn(data: string, directory: string): void {
  const path = join(data, directory);
  accessSync(path, R_OK | W_OK | X_OK);
  const known = directory === '' ? FILES : BELOW;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const name = join(directory, entry.name);
    if (!NEEDED.has(name) && !known.test(entry.name)) continue;
    // A link that leads nowhere is no file.
    const found = entry.isSymbolicLink() ? statSync(join(data, name), { throwIfNoEntry: false }) : entry;
    if (found?.isDirectory()) assertUsableIn(data, name);
    else if (found?.isFile()) accessSync(join(data, name), ONLY_READ.test(entry.name) ? R_OK : R_OK | W_OK);
  }
}
