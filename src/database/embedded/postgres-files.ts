import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DIRECTORIES } from './data-layout.js';

const NEEDED = new Set(DIRECTORIES);
const FILES = /^(PG_VERSION|postmaster\.pid|postgresql(\.auto)?\.conf|pg_(hba|ident)\.conf)$/;
/** Databases, and the files of tables and of the log, begin with a digit. */
const BELOW = /^(\d.*|PG_VERSION|pg_control|pg_filenode\.map|replorigin_checkpoint)$/;

/** A file or a directory that Postgres needs, by its path in the data directory. */
export interface PostgresFile {
  readonly name: string;
  readonly isDirectory: boolean;
}

/**
 * Lists what Postgres needs in a directory of a data directory: the one way to walk through it. What else is there, as
 * a `lost+found` of another user or the note of a backup tool, is not looked at. A directory comes before it is read.
 *
 * @param directory - a path in the data directory; empty for all of it
 */
export function* postgresFiles(data: string, directory = ''): Generator<PostgresFile, void> {
  yield { name: directory, isDirectory: true };
  const known = directory === '' ? FILES : BELOW;
  for (const entry of readdirSync(join(data, directory), { withFileTypes: true })) {
    const name = join(directory, entry.name);
    if (!NEEDED.has(name) && !known.test(entry.name)) continue;
    // A link that leads nowhere is no file.
    const found = entry.isSymbolicLink() ? statSync(join(data, name), { throwIfNoEntry: false }) : entry;
    if (found?.isDirectory()) yield* postgresFiles(data, name);
    else if (found?.isFile()) yield { name, isDirectory: false };
  }
}
