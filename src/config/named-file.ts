import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { endsInTime, FILE_DEADLINE_MS, inTurn } from './file-deadline.js';

const CHUNK_BYTES = 64 * 1024;

/** Without O_NONBLOCK, opening a named pipe would never return. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/**
 * A file that a setting names cannot be used. The message finishes a sentence ("…: it is a directory") and
 * names no path.
 */
export class NamedFileError extends Error {
  override readonly name = 'NamedFileError';

  /** @param code - a system error's code (`ENOENT`), or what is wrong with what is there */
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Who may have access to a file: `owner` is its owner alone, as PostgreSQL asks of files with passwords; `own` is the
 * user of this process, or root.
 */
type Access = 'any' | 'owner' | 'own';
/** The mode bits of group and others. */
const OTHERS = 0o077;

/** By access, path and limit: a file is never read a second time while the first read is under way. */
const answers = new Map<string, Promise<Buffer>>();

/**
 * The content of a file that a setting names: the one way to read such a file while the process runs. It must be a
 * regular file, its links are followed anew each time, and callers who ask while it is read share the answer. A file
 * system that hangs is an error like a missing file: after {@link FILE_DEADLINE_MS}, and at once for those
 * who ask later, until it answers.
 *
 * @param maxBytes - a larger file is an error
 * @param access - a file that others have access to is an error for others than `any` (not on Windows)
 * @throws NamedFileError
 */
export async function readNamedFile(path: string, maxBytes: number, access: Access = 'any'): Promise<Buffer> {
  const key = keyOf(path, maxBytes, access);
  const known = answers.get(key);
  if (known !== undefined) return known;
  const content = inTurn(path, () => readOpened(path, maxBytes, access)).finally(() => answers.delete(key));
  const answer = withinDeadline(content);
  answers.set(key, answer);
  return answer;
}

/**
 * The same at the start, before anything else runs, where nothing has to go on meanwhile. It has no deadline, so each
 * file is read by {@link readNamedFile} before: one that this has not finished hangs, and is not touched here.
 *
 * @throws NamedFileError
 */
export function readNamedFileSync(path: string, maxBytes: number): Buffer {
  if (answers.has(keyOf(path, maxBytes))) throw hangs(path);
  let file;
  try {
    file = openSync(path, FLAGS);
    assertUsable(fstatSync(file), maxBytes);
    const content = new Content(maxBytes);
    while (content.take(readSync(file, content.rest, 0, content.rest.length, null)));
    return content.whole();
  } catch (error) {
    throw asNamedFileError(error);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/**
 * The text of a file (UTF-8): a byte order mark before it and one line end (LF or CRLF) after it belong to
 * the editor, not to the text. This holds for every file of a setting; a license's may have more around it.
 *
 * @throws NamedFileError for another encoding
 */
export function textOfFile(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '');
  } catch {
    const start = bytes.toString('latin1', 0, 2);
    const isUtf16 = start === '\xff\xfe' || start === '\xfe\xff';
    throw new NamedFileError('encoding', `it is ${isUtf16 ? 'UTF-16' : 'no UTF-8'}: save it as UTF-8`);
  }
}

/**
 * Does something else with files that an operator names, with a deadline. It may still happen afterwards.
 *
 * @param path - one of the files
 * @param done - what was not done in time, to finish the sentence "it was not …"
 * @throws NamedFileError `hangs` where a file system hangs, and what `work` throws
 */
export async function inFileTime<T>(
  path: string,
  done: string,
  work: () => Promise<T>,
  ms = FILE_DEADLINE_MS,
): Promise<T> {
  return withinDeadline(inTurn(path, work), done, ms);
}

async function withinDeadline<T>(content: Promise<T>, done = 'read', ms = FILE_DEADLINE_MS): Promise<T> {
  if (await endsInTime(content, ms)) return content;
  throw hangs('it', done, ms);
}

function keyOf(path: string, maxBytes: number, access: Access = 'any'): string {
  return `${access} ${maxBytes} ${path}`;
}

function hangs(file: string, done = 'read', ms = FILE_DEADLINE_MS): NamedFileError {
  return new NamedFileError(
    'hangs',
    `${file} was not ${done} within ${ms / 1000} s: its file system, or that of another file, hangs`,
  );
}

/**
 * Opens a regular file to read it in parts; the opening never waits.
 * @param maxBytes - a larger file is an error
 * @throws NamedFileError
 */
export async function openNamedFile(path: string, maxBytes = Infinity): Promise<FileHandle> {
  let file;
  try {
    file = await open(path, FLAGS);
    assertUsable(await file.stat(), maxBytes);
    return file;
  } catch (error) {
    await file?.close();
    throw asNamedFileError(error);
  }
}

async function readOpened(path: string, maxBytes: number, access: Access): Promise<Buffer> {
  const file = await openNamedFile(path, maxBytes);
  try {
    if (access !== 'any' && process.platform !== 'win32') assertPrivate(await file.stat(), access);
    const content = new Content(maxBytes);
    while (content.take((await file.read(content.rest, 0, content.rest.length, null)).bytesRead));
    return content.whole();
  } catch (error) {
    throw asNamedFileError(error);
  } finally {
    await file.close();
  }
}

/** What was read so far. A size is no promise: a file grows, and those of the kernel have none. */
class Content {
  readonly #chunks: Buffer[] = [];
  #length = 0;
  /** Where the next bytes go. */
  rest: Buffer;

  constructor(private readonly maxBytes: number) {
    this.rest = this.#next();
  }

  /** @returns whether there may be more */
  take(bytes: number): boolean {
    this.#chunks.push(this.rest.subarray(0, bytes));
    this.#length += bytes;
    if (this.#length > this.maxBytes) throw tooLarge(this.maxBytes);
    this.rest = this.#next();
    return bytes > 0;
  }

  whole(): Buffer {
    return Buffer.concat(this.#chunks, this.#length);
  }

  #next(): Buffer {
    return Buffer.allocUnsafe(Math.min(CHUNK_BYTES, this.maxBytes + 1 - this.#length));
  }
}

function assertUsable(stats: Stats, maxBytes: number): void {
  if (stats.isDirectory()) throw new NamedFileError('EISDIR', 'it is a directory');
  if (!stats.isFile()) throw new NamedFileError('not-regular', 'it is no regular file');
  if (stats.size > maxBytes) throw tooLarge(maxBytes);
}

function assertPrivate({ uid, mode }: Stats, access: Access): void {
  if (access === 'own' && uid !== 0 && uid !== process.geteuid?.())
    throw new NamedFileError('not-own', `it belongs to another user (${uid}): let it belong to this one`);
  if ((mode & OTHERS) !== 0)
    throw new NamedFileError('not-private', 'others have access to it: give it the mode 0600');
}

function tooLarge(maxBytes: number): NamedFileError {
  const size = maxBytes >= 1024 * 1024 ? `${maxBytes / 1024 / 1024} MiB` : `${maxBytes / 1024} KiB`;
  return new NamedFileError('too-large', `it has more than ${size}`);
}

function asNamedFileError(error: unknown): NamedFileError {
  if (error instanceof NamedFileError) return error;
  const { code = 'unknown error' } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return new NamedFileError(code, 'there is no such file');
  return new NamedFileError(code, `it cannot be read (${code})`);
}
