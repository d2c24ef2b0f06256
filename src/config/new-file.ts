import { createHash, randomUUID } from 'node:crypto';
import { link, lstat, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';

/** What a file system without hard links answers. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);
/** How long a file may be written that is small, milliseconds. */
const WRITING_MS = 60_000;
const UUID = /^\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const UUID_BYTES = '.'.length + 36;
/** The longest name that file systems take. */
const MAX_NAME_BYTES = 255;
const HASH_DIGITS = 32;

/** A name beside a file, for one that is to become it: no other process has it. */
export function freshName(file: string, ending = ''): string {
  const [name, stem] = [basename(file), stemOf(file, ending)];
  return `${stem === name ? file : join(dirname(file), stem)}.${randomUUID()}${ending}`;
}

/**
 * What the fresh names of a file begin with: its name. Where that leaves no room, it is cut, and a hash of all of it
 * keeps the fresh names of files apart that begin in the same way.
 */
function stemOf(file: string, ending: string): string {
  const name = basename(file);
  const bytes = Buffer.from(name);
  const room = MAX_NAME_BYTES - UUID_BYTES - ending.length;
  if (bytes.length <= room) return name;
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, HASH_DIGITS);
  // It keeps a character back that is cut in the middle.
  return `${new StringDecoder('utf8').write(bytes.subarray(0, room - '.'.length - HASH_DIGITS))}.${hash}`;
}

/**
 * Gives a complete file its name, in one step. Of several processes one does, and nothing is written over, except where
 * the file system has no hard links.
 *
 * @param fresh - its {@link freshName}, which is gone afterwards
 * @returns whether this process did; without it the name was taken
 */
export async function giveName(fresh: string, file: string): Promise<boolean> {
  try {
    await link(fresh, file);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (!NO_LINKS.has(code)) throw error;
    if (await isTaken(file)) return false;
    await rename(fresh, file);
  }
  await rm(fresh, { force: true });
  return true;
}

/** Whether something has this name, be it a link to no file. */
export async function isTaken(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
}

/**
 * The regular files with a {@link freshName} of a file: what a process that was killed has left, or another one is
 * writing.
 */
export async function unfinishedOf(file: string, ending = ''): Promise<string[]> {
  const [directory, stem] = [dirname(file), stemOf(file, ending)];
  const entries = await readdir(directory, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.startsWith(stem) && entry.name.endsWith(ending))
    .filter((entry) => UUID.test(entry.name.slice(stem.length, entry.name.length - ending.length)))
    .map((entry) => join(directory, entry.name));
}

/** Removes what processes that were killed while they wrote a small file have left; what cannot be removed stays. */
export async function removeUnfinished(file: string): Promise<void> {
  const left = await unfinishedOf(file).catch(() => []);
  if (left.length === 0) return;
  const now = await timeBeside(file).catch(() => -Infinity);
  for (const name of left) {
    const { mtimeMs } = await lstat(name).catch(() => ({ mtimeMs: Infinity }));
    if (now - mtimeMs > WRITING_MS) await rm(name, { force: true }).catch(() => undefined);
  }
}

/** What time it is for the file system: the clock of this machine may be another one, and wrong. */
async function timeBeside(file: string): Promise<number> {
  const fresh = freshName(file);
  await writeFile(fresh, '', { mode: 0o600, flag: 'wx' });
  try {
    return (await lstat(fresh)).mtimeMs;
  } finally {
    await rm(fresh, { force: true });
  }
}
