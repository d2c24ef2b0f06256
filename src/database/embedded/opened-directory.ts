import { statSync } from 'node:fs';
import { type ControlFile, readControlFile } from './control-file.js';
import { EmbeddedDirectoryLostError } from './embedded-directory-error.js';

/**
 * Tells whether a data directory is still the one that was opened. Postgres opens files by name while it runs: of a directory that was
 * deleted, moved or restored over it would write into nothing, or into the backup.
 *
 * Only Postgres writes `pg_control`, at checkpoints, and it runs only between the two questions here. So the file is the same
 * before each call; after one it may tell of a later checkpoint of the same system, but never of an earlier one, as any backup does.
 */
export class OpenedDirectory {
  readonly #inode: bigint;
  readonly #device: bigint;
  #control: ControlFile;

  /** @param data - the data directory, which Postgres has just opened */
  constructor(
    private readonly directory: string,
    private readonly data: string,
  ) {
    const { ino, dev } = statSync(data, { bigint: true });
    [this.#inode, this.#device] = [ino, dev];
    this.#control = readControlFile(data);
  }

  /** Before Postgres runs. @throws EmbeddedDirectoryLostError; a plain error when that cannot be told */
  assertUntouched(): void {
    const control = this.#look();
    if (!control.bytes.equals(this.#control.bytes)) throw this.#lost('Files were put over it');
  }

  /** After Postgres ran, before it is told what it did. @throws as {@link assertUntouched} */
  assertOurs(): void {
    const control = this.#look();
    const isOurs = control.system === this.#control.system && control.checkpoint >= this.#control.checkpoint;
    if (!isOurs) throw this.#lost('Files were put over it');
    this.#control = control;
  }

  #look(): ControlFile {
    try {
      const { ino, dev } = statSync(this.data, { bigint: true });
      if (ino !== this.#inode || dev !== this.#device) throw this.#lost('Another directory is in its place');
      const control = readControlFile(this.data);
      if (control.inode !== this.#control.inode) throw this.#lost('Files were put over it');
      return control;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw code === 'ENOENT' || code === 'ENOTDIR' ? this.#lost('It is gone') : error;
    }
  }

  #lost(what: string): EmbeddedDirectoryLostError {
    return new EmbeddedDirectoryLostError(this.directory, what);
  }
}
