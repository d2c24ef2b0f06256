import { type FileHandle, open, rm } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { inFileTime, NamedFileError, openNamedFile } from '../config/named-file.js';
import { freshName, giveName, isTaken, unfinishedOf } from '../config/new-file.js';

/** An export or import that cannot be done; the message says why. Nothing was changed. */
export class TransferError extends Error {
  override readonly name = 'TransferError';
}

const READ_BYTES = 65_536;
/** What the name of a file ends with that is not whole. */
const PART = '.part';
/** How much is written before the disk has to have it, in UTF-16 code units. */
const SYNC_LENGTH = 8 * 1_048_576;
/** How long one read or write may take, milliseconds: a busy disk takes seconds. */
const TRANSFER_DEADLINE_MS = 10_000;

/** In UTF-16 code units: far above the longest row, and a file that is no export does not fill the memory. */
const MAX_LINE_LENGTH = 64 * 1_048_576;

/** Other readers of lines end one at U+2028 and U+2029 too, which JSON may have as they are. */
export function oneLine(json: string): string {
  return json.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

/**
 * A new file with an export. Until it is whole it has a name `<path>.<uuid>.part`, so that one that was cut off does
 * not look like an export. The next export to the same path removes such parts.
 */
export class ExportFile {
  #isFinished = false;
  #hangs = false;
  #unsynced = 0;

  private constructor(
    private readonly path: string,
    private readonly part: string,
    private readonly file: FileHandle,
  ) {}

  /** @throws TransferError where the path is taken, or the file cannot be made in time */
  static async make(path: string): Promise<ExportFile> {
    const part = freshName(path, PART);
    const file = await inFileTime(part, 'made', async () => {
      if (await isTaken(path)) throw taken(path);
      // Those of other users may stay: this one has a name of its own.
      const left = await unfinishedOf(path, PART).catch(() => []);
      for (const name of left) await rm(name, { force: true }).catch(() => undefined);
      return open(part, 'wx', 0o600);
    }).catch((error: Error) => {
      throw new TransferError(`The file cannot be made: ${error.message}.`);
    });
    return new ExportFile(path, part, file);
  }

  /** @throws TransferError */
  async write(text: string): Promise<void> {
    await this.#inTime(async () => this.file.writeFile(text));
    this.#unsynced += text.length;
    // Of a little at a time, so that each has its deadline, however large the export is.
    if (this.#unsynced > SYNC_LENGTH) await this.#sync();
  }

  /** Everything is on the disk, and the file gets its name. @throws TransferError */
  async finish(): Promise<void> {
    await this.#sync();
    await this.#inTime(async () => {
      if (!(await giveName(this.part, this.path))) throw taken(this.path);
    });
    this.#isFinished = true;
  }

  /** Removes what is not finished, unless it hangs. */
  async close(): Promise<void> {
    if (this.#hangs) return;
    // Nothing depends on it: what is finished is on the disk, and of the rest it was said why not.
    await inFileTime(this.part, 'closed', async () => {
      await this.file.close();
      if (!this.#isFinished) await rm(this.part, { force: true });
    }).catch(() => undefined);
  }

  async #sync(): Promise<void> {
    await this.#inTime(async () => this.file.sync());
    this.#unsynced = 0;
  }

  async #inTime(work: () => Promise<void>): Promise<void> {
    await inFileTime(this.part, 'written', work, TRANSFER_DEADLINE_MS).catch(
      (error: NodeJS.ErrnoException) => {
        this.#hangs = isHanging(error);
        const rest = this.#hangs ? ` What is there of it is ${this.part}.` : '';
        const isGone = error.code === 'ENOENT';
        const reason = isGone ? 'another export to the same file began, or it was deleted' : error.message;
        throw new TransferError(`The file cannot be written: ${reason}.${rest}`);
      },
    );
  }
}

/** @returns whether a file system did not answer: its files are not touched again, as each call would hold a thread */
function isHanging(error: unknown): boolean {
  return error instanceof NamedFileError && error.code === 'hangs';
}

function taken(path: string): Error {
  return new Error(`EEXIST: file already exists, '${path}'`);
}

/** A file with an export, to read. */
export class ImportFile {
  #hangs = false;

  private constructor(
    private readonly path: string,
    private readonly file: FileHandle,
  ) {}

  /** @throws TransferError */
  static async open(path: string): Promise<ImportFile> {
    return new ImportFile(
      path,
      await inFileTime(path, 'read', async () => openNamedFile(path)).catch(cannotRead),
    );
  }

  /** @returns how many bytes, 0 at the end. @throws TransferError */
  async read(bytes: Buffer): Promise<number> {
    const reading = async () => this.file.read(bytes, 0, bytes.length, null);
    const { bytesRead } = await inFileTime(this.path, 'read', reading, TRANSFER_DEADLINE_MS).catch(
      (error: Error) => {
        this.#hangs = isHanging(error);
        return cannotRead(error);
      },
    );
    return bytesRead;
  }

  /** Leaves one that hangs. */
  async close(): Promise<void> {
    if (!this.#hangs)
      await inFileTime(this.path, 'closed', async () => this.file.close()).catch(() => undefined);
  }
}

function cannotRead(error: Error): never {
  throw new TransferError(`The file cannot be read: ${error.message}.`);
}

/**
 * The lines of a file, ended by a line feed alone: `readline` ends them elsewhere too, in some versions of Node.
 *
 * @throws TransferError where it cannot be read, or a line is too long to be of an export
 */
export async function* linesOf(file: ImportFile): AsyncGenerator<string, undefined> {
  const decoder = new StringDecoder('utf8');
  const bytes = Buffer.alloc(READ_BYTES);
  let rest: string[] = [];
  let length = 0;
  for (;;) {
    const bytesRead = await file.read(bytes);
    const text = bytesRead === 0 ? decoder.end() : decoder.write(bytes.subarray(0, bytesRead));
    const [first = '', ...others] = text.split('\n');
    rest.push(first);
    length += first.length;
    for (const next of others) {
      yield rest.join('');
      rest = [next];
      length = next.length;
    }
    if (length > MAX_LINE_LENGTH)
      throw new TransferError('The file has a line that is too long for an export.');
    if (bytesRead === 0) break;
  }
  if (length > 0) yield rest.join('');
  return undefined;
}
