import { constants, type Dirent } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { endsInTime, FILE_DEADLINE_MS, inTurn } from '../../config/file-deadline.js';
import { DATA } from './data-layout.js';
import { damaged, EmbeddedDirectoryError } from './embedded-directory-error.js';

/** Without O_NONBLOCK, opening a named pipe would hold a thread. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

/** By path: a call that hangs is never made a second time, so it holds one thread and no more. */
const pending = new Map<string, Promise<unknown>>();

/**
 * Looks at what Postgres will open, before anything opens it synchronously and blocks the process: whether it answers,
 * and whether it is files and directories. What is missing, or may not be read, is for others to report.
 *
 * @throws EmbeddedDirectoryError where its file system hangs, or a pipe or a device is in the place of a file
 */
export async function assertAnswers(directory: string): Promise<void> {
  const data = join(directory, DATA);
  const walk = async (path: string): Promise<void> => {
    for (const entry of (await answerOf(directory, path, entriesOf)) ?? []) {
      const inside = join(path, entry.name);
      const found = entry.isSymbolicLink() ? await answerOf(directory, inside, stat) : entry;
      if (entry.isDirectory()) await walk(inside);
      else if (found !== undefined && !found.isFile() && !found.isDirectory())
        throw damaged(data, `its ${inside.slice(data.length + 1)} is no regular file`);
    }
  };
  await answerOf(directory, directory, entriesOf);
  await walk(data);
  // A cache may know the names of a file system whose server is away; it asks the server before it opens a file.
  await answerOf(directory, join(data, 'global', 'pg_control'), touch);
}

/** Whether it is there. @throws EmbeddedDirectoryError where its file system hangs */
export async function isThere(directory: string): Promise<boolean> {
  return (await answerOf(directory, directory, stat)) !== undefined;
}

async function answerOf<T>(
  directory: string,
  path: string,
  look: (path: string) => Promise<T>,
): Promise<T | undefined> {
  const call = pending.get(path) ?? inTurn(path, () => look(path)).finally(() => pending.delete(path));
  pending.set(path, call);
  if (!(await endsInTime(call))) throw hangs(directory, path);
  return (call as Promise<T>).catch(() => undefined);
}

async function entriesOf(path: string): Promise<Dirent[]> {
  return readdir(path, { withFileTypes: true });
}

async function touch(path: string): Promise<void> {
  const file = await open(path, FLAGS);
  await file.close();
}

function hangs(directory: string, path: string): EmbeddedDirectoryError {
  return new EmbeddedDirectoryError(
    `The embedded database in ${directory} cannot be opened: ${path} did not answer within ${FILE_DEADLINE_MS / 1000} s, ` +
      'its file system hangs. Start again when it answers; the directory must be on a local file system.',
  );
}
