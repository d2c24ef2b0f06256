import { type FileHandle, lstat, open, rename, rm } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { inFileTime } from '../config/named-file.js';

/** An export or import that cannot be done; the message says why. Nothing was changed. */
export class TransferError extends Error {
  override readonly name = 'TransferError';
}

const READ_BYTES = 65_536;

/** In UTF-16 code units: far above the longest row, and a file that is no export does not fill the memory. */
const MAX_LINE_LENGTH = 64 * 1_048_576;

/** Other readers of lines end one at U+2028 and U+2029 too, which JSON may have as they are. */
export function oneLine(json: string): string {
  return json.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

/**
 * A new file with an export. It has the name `<path>.part` until it is whole, so that one that was cut off does not
 * look like an export; the next export to the same path replaces it.
 */
export class ExportFile {
  #isFinished = false;

  private constructor(
    private readonly path: string,
    private readonly part: string,
    private readonly file: FileHandle,
  ) {}

  /** @throws TransferError where the path is taken, or the file cannot be made in time */
  static async make(path: string): Promise<ExportFile> {
    const part = `${path}.part`;
    const file = await inFileTime('made', async () => {
      await assertFree(path);
      await rm(part, { force: true });
      return open(part, 'wx', 0o600);
    }).catch((error: Error) => {
      throw new TransferError(`The file cannot be made: ${error.message}.`);
    });
    return new ExportFile(path, part, file);
  }

  /** @throws TransferError */
  async write(text: string): Promise<void> {
    await this.file.writeFile(text).catch(cannotWrite);
  }

  /** Everything is on the disk, and the file gets its name. @throws TransferError */
  async finish(): Promise<void> {
    await this.file.sync().catch(cannotWrite);
    await assertFree(this.path).catch(cannotWrite);
    await rename(this.part, this.path).catch(cannotWrite);
    this.#isFinished = true;
  }

  /** Removes what is not finished. */
  async close(): Promise<void> {
    await this.file.close();
    if (!this.#isFinished) await rm(this.part, { force: true });
  }
}

async function assertFree(path: string): Promise<void> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found !== undefined) throw new Error(`EEXIST: file already exists, '${path}'`);
}

function cannotWrite(error: Error): never {
  throw new TransferError(`The file cannot be written: ${error.message}.`);
}

/**
 * The lines of a file, ended by a line feed alone: `readline` ends them elsewhere too, in some versions of Node.
 *
 * @throws TransferError where it cannot be read, or a line is too long to be of an export
 */
export async function* linesOf(file: FileHandle): AsyncGenerator<string, undefined> {
  const decoder = new StringDecoder('utf8');
  const bytes = Buffer.alloc(READ_BYTES);
  let rest: string[] = [];
  let length = 0;
  for (;;) {
    const { bytesRead } = await file.read(bytes, 0, READ_BYTES, null).catch((error: Error) => {
      throw new TransferError(`The file cannot be read: ${error.message}.`);
    });
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
