import { constants, open } from 'node:fs/promises';

/** Room for the longest token in UTF-16, which is told by its sentence, and white space: what is longer is not read on. Bytes. */
const MOST_BYTES = 64 * 1024;

/** A file of a license cannot be read. The message finishes a sentence and names no path. */
export class UnreadableFileError extends Error {
  override readonly name = 'UnreadableFileError';
}

/**
 * The text of a file, as it is. Links are followed anew each time, so a file
 * that was replaced, or a directory that a link leads through, as Kubernetes does it, is seen.
 *
 * @throws UnreadableFileError
 */
export async function readLicenseFile(path: string): Promise<string> {
  let file;
  try {
    // Without O_NONBLOCK the opening of a named pipe would wait for ever.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw unreadable(error);
  }
  try {
    if (!(await file.stat()).isFile()) throw new UnreadableFileError('it is no regular file');
    const buffer = Buffer.alloc(MOST_BYTES);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, MOST_BYTES - length, length);
      length += bytesRead;
      if (bytesRead === 0 || length === MOST_BYTES) break;
    }
    return buffer.toString('utf8', 0, length);
  } catch (error) {
    throw error instanceof UnreadableFileError ? error : unreadable(error);
  } finally {
    await file.close();
  }
}

function unreadable(error: unknown): UnreadableFileError {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
  return new UnreadableFileError(code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`);
}
