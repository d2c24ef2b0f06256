import { resolve } from 'node:path';
import { PGlite, type PGliteOptions } from '@electric-sql/pglite';
import { makeReady, prepareDataDirectory } from './data-directory.js';
import { INITDB_PARAMETERS, readTemplate, SHARED_BUFFERS, templatePath } from './data-template.js';
import { DirectoryLock } from './directory-lock.js';
import { DurableNodeFs } from './durable-node-fs.js';
import { EmbeddedDirectoryLostError, UnfinishedCheckpointError } from './embedded-directory-error.js';
import { LastWords } from './last-words.js';
import { leaveLoopOfDead } from './main-loop.js';
import { OpenedDirectory } from './opened-directory.js';
import { openingFailure } from './opening-failure.js';
import { makePrivate, tighten } from './private-files.js';

/** Where an embedded database lives: in a directory of its own, or in memory for as long as it is open. */
export type EmbeddedLocation = { directory: string } | { memory: true };

/** The timer of a failed opening would never stop, and would keep that Postgres's memory. */
const NO_STARTUP_TIMER = 'log_startup_progress_interval=0';
/** A sync is about one commit. Postgres has no checkpointer here: its log would grow without bound. */
const SYNCS_BETWEEN_CHECKPOINTS = 5_000;

/** One open PGlite: one session, for one client at a time. Clients have numbers; the newest one has the session. */
export class EmbeddedDatabase {
  readonly #pglite: PGlite;
  readonly #lock: DirectoryLock | undefined;
  readonly #files: DurableNodeFs | undefined;
  /** Undefined in memory, and before Postgres has opened it. */
  #opened: OpenedDirectory | undefined;
  readonly #lastWords: LastWords;
  #stopped: Error | undefined;
  #clients = 0;
  /** The lowest number of a client that may still speak, and whether the session is that one's, and no new one. */
  readonly #session = { client: 1, isUsed: false };
  #queue: Promise<unknown> = Promise.resolve();
  #syncsAtCheckpoint = 0;

  private constructor(
    place: { lock: DirectoryLock; files: DurableNodeFs } | { template: Blob | undefined },
    lastWords = new LastWords(),
  ) {
    this.#lastWords = lastWords;
    const disk = 'files' in place ? place : undefined;
    this.#lock = disk?.lock;
    this.#files = disk?.files;
    const startParams = [...PGlite.defaultStartParams, '-c', SHARED_BUFFERS, '-c', NO_STARTUP_TIMER];
    const options: PGliteOptions = {
      startParams,
      initDbStartParams: [...INITDB_PARAMETERS],
      onStderr: (line) => {
        lastWords.hear(line);
        return false; // and PGlite prints nothing
      },
    };
    if ('template' in place && place.template) options.loadDataDir = place.template;
    if (disk) {
      options.fs = disk.files;
      options.startParams = [...startParams.filter((flag) => flag !== '-F'), '-c', 'wal_sync_method=fsync'];
    }
    this.#pglite = new PGlite(options);
  }

  /**
   * Opens the database; where there is none it is created first, which takes some seconds.
   *
   * @throws EmbeddedDirectoryInUseError, EmbeddedDirectoryError, or a plain error that says why the directory can't be
   * used at the moment. Nothing stays locked or open then.
   */
  static async open(location: EmbeddedLocation): Promise<EmbeddedDatabase> {
    if ('memory' in location) return new EmbeddedDatabase({ template: await readTemplate() }).#start();
    const directory = resolve(location.directory);
    await makeReady(directory);
    const lock = await DirectoryLock.acquire(directory);
    const lastWords = new LastWords();
    try {
      const data = await prepareDataDirectory(directory, await templatePath());
      const files = new DurableNodeFs(data);
      const database = await new EmbeddedDatabase({ lock, files }, lastWords).#start();
      try {
        tighten(directory);
        makePrivate(data);
        database.#opened = new OpenedDirectory(directory, data, () => files.takeTouched());
        return database;
      } catch (error) {
        database.#abandon(error);
        throw error;
      }
    } catch (cause) {
      await lock.release();
      throw openingFailure(directory, cause as Error, lastWords.lines);
    }
  }

  /** Whether it answers no more: closed, or Postgres has died. What was acknowledged is on disk. */
  get stopped(): boolean {
    return this.#stopped !== undefined;
  }

  /** @returns the number of a new client */
  join(): number {
    return (this.#clients += 1);
  }

  /**
   * Answers messages of the Postgres protocol; that a statement failed is an answer too. A client gets none when a
   * newer one has the session: it has gone, and only its last words come late.
   *
   * @throws when the database has stopped, or stops because of them.
   */
  execute(client: number, messages: Uint8Array): Promise<Buffer> {
    return this.#exclusively(async () => {
      if (!(await this.#admit(client))) return Buffer.alloc(0);
      const answer: Buffer[] = [];
      await this.#run(async () => {
        // The plain execProtocolRaw would keep every row it ever answered.
        await this.#pglite.execProtocolRawStream(messages, {
          onRawData: (bytes) => answer.push(Buffer.from(bytes)),
        });
      });
      const bytes = Buffer.concat(answer);
      if (saysIdle(bytes)) await this.#checkpointIfDue();
      return bytes;
    });
  }

  /** A client goes: the session becomes a new one, as on a server. Where that fails, the next client does it. */
  leave(client: number): Promise<void> {
    return this.#exclusively(async () => {
      if (client !== this.#session.client || !this.#session.isUsed) return;
      await this.#renewSession();
      this.#session.client += 1;
    });
  }

  /**
   * Finishes work, closes, unlocks the directory.
   * @throws EmbeddedDirectoryLostError without a write; UnfinishedCheckpointError
   */
  async close(): Promise<void> {
    try {
      await this.#exclusively(() => {
        // The checkpoint at the end would destroy what was restored meanwhile.
        this.#watch((opened) => opened.assertAllUntouched());
        return this.#pglite.close();
      });
      this.#opened?.assertShutDown(this.#lastWords.text);
    } catch (error) {
      const isLost =
        error instanceof EmbeddedDirectoryLostError || error instanceof UnfinishedCheckpointError;
      if (!this.stopped || isLost) throw error;
    } finally {
      this.#stopped ??= new Error('The embedded database is closed.');
      await this.#lock?.release();
    }
  }

  async #start(): Promise<this> {
    try {
      await this.#pglite.waitReady;
    } catch (cause) {
      throw this.#abandon(cause);
    }
    leaveLoopOfDead(this.#pglite.Module, (error) => void this.#abandon(error));
    return this;
  }

  /** Whether its directory may be opened again: one that was lost once stays so. @throws EmbeddedDirectoryLostError */
  assertSameDirectory(): void {
    if (this.#stopped instanceof EmbeddedDirectoryLostError) throw this.#stopped;
    this.#opened?.assertOurs();
  }

  /** @throws EmbeddedDirectoryLostError, and has stopped then */
  #watch(look: (opened: OpenedDirectory) => void): void {
    try {
      if (this.#opened) look(this.#opened);
    } catch (error) {
      throw error instanceof EmbeddedDirectoryLostError ? this.#abandon(error) : error;
    }
  }

  /** Lets go of the files without a checkpoint: the memory of a Postgres that died must not reach them. */
  #abandon(cause: unknown): Error {
    const { errno, message } = cause as { errno?: number; message?: string };
    const reason = this.#lastWords.text || (message ?? `file system error ${errno}`);
    this.#stopped =
      cause instanceof EmbeddedDirectoryLostError
        ? cause
        : new Error(`Postgres stopped: ${reason}`, { cause });
    (this.#pglite.Module as { FS: { quit(): void } } | undefined)?.FS.quit();
    return this.#stopped;
  }

  /**
   * A pool replaces a client before that one has gone: the next one must not find its transaction, and commit it.
   * @returns whether the client has the session
   */
  async #admit(client: number): Promise<boolean> {
    if (client < this.#session.client) return false;
    if (client > this.#session.client && this.#session.isUsed) await this.#renewSession();
    this.#session.client = client;
    this.#session.isUsed = true;
    return true;
  }

  async #renewSession(): Promise<void> {
    await this.#run(async () => {
      await this.#pglite.exec('ROLLBACK');
      await this.#pglite.exec('DISCARD ALL');
    });
    this.#session.isUsed = false;
  }

  async #checkpointIfDue(): Promise<void> {
    if (!this.#files || this.#files.syncs - this.#syncsAtCheckpoint < SYNCS_BETWEEN_CHECKPOINTS) return;
    this.#syncsAtCheckpoint = this.#files.syncs;
    this.#watch((opened) => opened.assertAllUntouched());
    // What was asked is done and stays done if this fails; it is tried again later.
    await this.#run(async () => this.#pglite.exec('CHECKPOINT').catch(() => undefined));
  }

  /** Lets Postgres work on its files. Nothing is acknowledged that went into nothing. */
  async #run(work: () => Promise<unknown>): Promise<void> {
    this.#watch((opened) => opened.assertUntouched());
    try {
      await work();
    } finally {
      if (!this.stopped) this.#watch((opened) => opened.assertOurs());
    }
  }

  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(async () => {
      if (this.#stopped) throw this.#stopped;
      try {
        return await work();
      } catch (error) {
        throw this.#stopped ?? error;
      }
    });
    this.#queue = result.catch(() => undefined);
    return result;
  }
}

/** Whether the answer ends with ReadyForQuery, outside a transaction. */
function saysIdle(answer: Buffer): boolean {
  return answer.at(-6) === 0x5a && answer.at(-1) === 0x49;
}
