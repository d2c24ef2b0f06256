import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type ControlFile, readControlFile } from './control-file.js';
import { EmbeddedDirectoryLostError } from './embedded-directory-error.js';

const BASE = 'base';
const LOG = 'pg_wal';

/** What a file or directory was at one moment. */
interface Stamp {
  /** Device and inode: which one it is. */
  readonly identity: string;
  /** Changes with each write to a file, and with each entry that a directory gains or loses. */
  readonly change: string;
}

/**
 * Tells whether a data directory is still the one that was opened. Postgres opens files by name while it runs: of a directory that was
 * deleted, moved or restored over it would write into nothing, or into the backup.
 *
 * Postgres writes only between {@link assertUntouched} and {@link assertOurs}. So before each call everything is as the call before left it.
 * After a call `pg_control` may tell of a later checkpoint of the same system, but never of an earlier one, as any backup does.
 * Beside `pg_control` these count: the version file, the directories that hold tables, and the files of the write-ahead log. The files of
 * tables are too many to be looked at each time.
 */
export class OpenedDirectory {
  /** Paths that stay the same file or directory as long as Postgres runs. */
  readonly #fixed: readonly string[];
  #control: ControlFile;
  #stamps: ReadonlyMap<string, Stamp>;

  /** @param data - the data directory, which Postgres has just opened */
  constructor(
    private readonly directory: string,
    private readonly data: string,
  ) {
    const databases = readdirSync(join(data, BASE)).filter((name) => /^\d+$/.test(name));
    this.#fixed = ['', 'PG_VERSION', 'global', LOG, BASE, ...databases.map((name) => join(BASE, name))];
    this.#control = readControlFile(data);
    this.#stamps = this.#look();
  }

  /** Before Postgres runs. @throws EmbeddedDirectoryLostError; a plain error when that cannot be told */
  assertUntouched(): void {
    const { control, stamps } = this.#compare();
    if (!control.bytes.equals(this.#control.bytes)) throw this.#lost('Files were put over it');
    for (const [path, { identity, change }] of this.#stamps) {
      // The data directory itself may gain an entry: a listing of the operator's, for instance.
      const isSame =
        path === '' || (stamps.get(path)?.identity === identity && stamps.get(path)?.change === change);
      if (!isSame) throw this.#lost(`"${path}" was changed, deleted or replaced`);
    }
  }

  /** After Postgres ran, before it is told what it did. @throws as {@link assertUntouched} */
  assertOurs(): void {
    const { control, stamps } = this.#compare();
    const isOurs = control.system === this.#control.system && control.checkpoint >= this.#control.checkpoint;
    if (!isOurs) throw this.#lost('Files were put over it');
    this.#control = control;
    this.#stamps = stamps;
  }

  #compare(): { control: ControlFile; stamps: ReadonlyMap<string, Stamp> } {
    try {
      const stamps = this.#look();
      for (const path of this.#fixed) {
        if (stamps.get(path)?.identity === this.#stamps.get(path)?.identity) continue;
        throw this.#lost(path === '' ? 'Another directory is in its place' : `"${path}" was replaced`);
      }
      const control = readControlFile(this.data);
      if (control.inode !== this.#control.inode) throw this.#lost('Files were put over it');
      return { control, stamps };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw code === 'ENOENT' || code === 'ENOTDIR' ? this.#lost('It is gone, or a part of it') : error;
    }
  }

  #look(): Map<string, Stamp> {
    const segments = readdirSync(join(this.data, LOG)).map((name) => join(LOG, name));
    return new Map([...this.#fixed, ...segments].map((path) => [path, stampOf(join(this.data, path))]));
  }

  #lost(what: string): EmbeddedDirectoryLostError {
    return new EmbeddedDirectoryLostError(this.directory, what);
  }
}

function stampOf(path: string): Stamp {
  const { dev, ino, size, mtimeNs } = statSync(path, { bigint: true });
  return { identity: `${dev}:${ino}`, change: `${size}:${mtimeNs}` };
}
