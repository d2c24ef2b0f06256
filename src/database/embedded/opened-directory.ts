import { type BigIntStats, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type ControlFile, readControlFile } from './control-file.js';
import { DIRECTORIES } from './data-layout.js';
import { EmbeddedDirectoryLostError, UnfinishedCheckpointError } from './embedded-directory-error.js';
import { postgresFiles } from './postgres-files.js';

const BASE = 'base';
const LOG = 'pg_wal';
/**
 * Where the files are that are looked at now and then: what else is in a data directory has no rows, and no
 * state of a transaction.
 */
const TABLES = [BASE, 'global', 'pg_xact', 'pg_multixact'];
/** How long a change of those may stay unnoticed while Postgres is asked, milliseconds. */
const LOOK_MS = 1_000;

/** Codes of errors that tell of something else, or of nothing, where a file was. */
const GONE = ['ENOENT', 'ENOTDIR', 'not-regular'];

/** What a file or directory was at one moment. */
interface Stamp {
  /** Device and inode: which one it is. */
  readonly identity: string;
  /** Changes with each write to a file, and with each entry that a directory gains or loses. */
  readonly change: string;
}

/**
 * Tells whether a data directory is still the one that was opened. Postgres opens files by name while it
 * runs: of a directory that was deleted, moved or restored over it would write into nothing, or into the
 * backup.
 *
 * Postgres writes only between {@link assertUntouched} and {@link assertOurs}. So before each call everything
 * is as the call before left it. After a call `pg_control` may tell of a later checkpoint of the same system,
 * but never of an earlier one, as any backup does. Beside `pg_control` these count: the version file, the
 * directories that hold tables, and the files of the write-ahead log. The files of tables are too many to be
 * looked at each time: {@link assertTablesUntouched} does it once a second, and before each checkpoint.
 */
export class OpenedDirectory {
  /** Paths that stay the same file or directory as long as Postgres runs. */
  readonly #fixed: readonly string[];
  #control: ControlFile;
  #stamps: ReadonlyMap<string, Stamp>;
  /** Files of {@link TABLES}, each as Postgres left it. */
  readonly #tables = new Map<string, Stamp>();
  /** Which directories {@link DIRECTORIES} are: Postgres makes files in them, and never the directories. */
  readonly #directories: ReadonlyMap<string, string>;
  /** Whether Postgres ran, and what it left could not be looked at, without a file descriptor for instance. */
  #isBehind = false;
  #lookedAt: number;

  /**
   * @param data - the data directory, which Postgres has just opened
   * @param takeTouched - which files Postgres changed since this was asked
   */
  constructor(
    private readonly directory: string,
    private readonly data: string,
    private readonly takeTouched: () => Iterable<string>,
  ) {
    const databases = readdirSync(join(data, BASE)).filter((name) => /^\d+$/.test(name));
    this.#fixed = ['', 'PG_VERSION', 'global', LOG, BASE, ...databases.map((name) => join(BASE, name))];
    this.#control = readControlFile(data);
    this.#stamps = this.#look();
    this.takeTouched();
    for (const path of this.#tableFiles()) this.#tables.set(path, stampOf(join(data, path)));
    this.#directories = new Map(DIRECTORIES.map((path) => [path, stampOf(join(data, path)).identity]));
    this.#lookedAt = performance.now();
  }

  /** Before Postgres runs. @throws EmbeddedDirectoryLostError; a plain error when that cannot be told */
  assertUntouched(): void {
    if (this.#isBehind) this.assertOurs();
    const { control, stamps } = this.#compare();
    if (!control.bytes.equals(this.#control.bytes)) throw this.#lost('Files were put over it');
    for (const [path, { identity, change }] of this.#stamps) {
      // The data directory itself may gain an entry: a listing of the operator's, for instance.
      const isSame =
        path === '' || (stamps.get(path)?.identity === identity && stamps.get(path)?.change === change);
      if (!isSame) throw this.#changed(path);
    }
    if (performance.now() - this.#lookedAt > LOOK_MS) this.assertTablesUntouched();
  }

  /** The same for directories and the files of tables, before a write to them. @throws as {@link assertUntouched} */
  assertTablesUntouched(): void {
    for (const [path, identity] of this.#directories) {
      const now = statSync(join(this.data, path), { bigint: true, throwIfNoEntry: false });
      if (now === undefined || stampFrom(now).identity !== identity) throw this.#changed(path);
    }
    for (const [path, { identity, change }] of this.#tables) {
      const now = statSync(join(this.data, path), { bigint: true, throwIfNoEntry: false });
      const stamp = now && stampFrom(now);
      if (stamp?.identity !== identity || stamp.change !== change) throw this.#changed(path);
    }
    this.#lookedAt = performance.now();
  }

  /** After Postgres ran, before it is told what it did. @throws as {@link assertUntouched} */
  assertOurs(): void {
    this.#isBehind = true;
    const { control, stamps } = this.#compare();
    const isOurs = control.system === this.#control.system && control.checkpoint >= this.#control.checkpoint;
    if (!isOurs) throw this.#lost('Files were put over it');
    this.#control = control;
    this.#stamps = stamps;
    for (const file of this.takeTouched()) this.#left(relative(this.data, file));
    this.#isBehind = false;
  }

  /** Before a checkpoint, which writes to the files of tables. @throws as {@link assertUntouched} */
  assertAllUntouched(): void {
    this.assertUntouched();
    this.assertTablesUntouched();
  }

  /**
   * After Postgres closed it: PGlite says nothing of a checkpoint that fails.
   * @param reason - what Postgres said. @throws UnfinishedCheckpointError
   */
  assertShutDown(reason: string): void {
    if (!readControlFile(this.data).isShutDown) throw new UnfinishedCheckpointError(this.directory, reason);
  }

  /** Notes how Postgres left a file. */
  #left(path: string): void {
    if (!TABLES.some((directory) => path.startsWith(`${directory}/`))) return;
    const stats = statSync(join(this.data, path), { bigint: true, throwIfNoEntry: false });
    if (stats?.isFile()) this.#tables.set(path, stampFrom(stats));
    else this.#tables.delete(path);
  }

  #tableFiles(): string[] {
    return TABLES.flatMap((directory) =>
      [...postgresFiles(this.data, directory)].filter((one) => !one.isDirectory).map(({ name }) => name),
    );
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
      throw code !== undefined && GONE.includes(code) ? this.#lost('It is gone, or a part of it') : error;
    }
  }

  #look(): Map<string, Stamp> {
    const segments = readdirSync(join(this.data, LOG)).map((name) => join(LOG, name));
    return new Map([...this.#fixed, ...segments].map((path) => [path, stampOf(join(this.data, path))]));
  }

  #changed(path: string): EmbeddedDirectoryLostError {
    return this.#lost(`"${path}" was changed, deleted or replaced`);
  }

  #lost(what: string): EmbeddedDirectoryLostError {
    return new EmbeddedDirectoryLostError(this.directory, what);
  }
}

function stampOf(path: string): Stamp {
  return stampFrom(statSync(path, { bigint: true }));
}

function stampFrom({ dev, ino, size, mtimeNs }: BigIntStats): Stamp {
  return { identity: `${dev}:${ino}`, change: `${size}:${mtimeNs}` };
}
