import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { isAbsolute, join, sep } from 'node:path';
import { DATA, DIRECTORIES } from './data-layout.js';
import { EmbeddedDirectoryError } from './embedded-directory-error.js';

const OPENED = [...DIRECTORIES, 'PG_VERSION', 'postgresql.conf', 'global/pg_control'];

/**
 * Looks whether PGlite can follow the links to what Postgres opens. Its file system begins at the data directory, so an
 * absolute link, or one that leads out of it, leads nowhere there.
 *
 * @param directory - that of the embedded database, complete; it may be a link itself
 * @throws EmbeddedDirectoryError
 */
export function assertReachable(directory: string): void {
  const data = join(directory, DATA);
  if (isLink(data)) throw unreachable(data);
  const root = realpathSync(data) + sep;
  for (const path of OPENED.map((name) => join(data, name))) {
    if (!isLink(path)) continue;
    if (isAbsolute(readlinkSync(path)) || !realpathSync(path).startsWith(root)) throw unreachable(path);
  }
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

function unreachable(path: string): EmbeddedDirectoryError {
  return new EmbeddedDirectoryError(
    `${path} is a symbolic link that an embedded database cannot follow: ` +
      'move what it leads to into its place, or link the whole directory that DATABASE_URL names.',
  );
}
