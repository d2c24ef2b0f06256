import { readFileSync } from 'node:fs';
import { readlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { FileTurns } from './file-turns.js';

/** The kernel's own list: reading it asks no file system, and so never waits. */
const LIST = '/proc/self/mountinfo';
/** As Linux has it. */
const MAX_LINKS = 40;

/** What is mounted where: the device of a file system by its directory. */
export type Mounts = ReadonlyMap<string, string>;

/** @param text - as of `/proc/self/mountinfo` (proc_pid_mountinfo(5)); of two on one directory, the last is on top */
export function mountsIn(text: string): Mounts {
  const mounts = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, , device, , directory] = line.split(' ');
    if (device !== undefined && directory !== undefined) mounts.set(unescaped(directory), device);
  }
  return mounts;
}

/** @returns nothing where the system has no such list (other than Linux) */
export function currentMounts(): Mounts {
  try {
    return mountsIn(readFileSync(LIST, 'utf8'));
  } catch {
    return new Map();
  }
}

/**
 * The file system that a path leads to. Each link is read in the turn of the file system that has it, and the one at
 * the end is not touched before its turn. Without a list of mounts, each directory counts as a file system.
 */
export async function fileSystemOf(
  path: string,
  turns: FileTurns,
  mounts = currentMounts(),
): Promise<string> {
  const whole = resolve(path);
  if (!mounts.has('/')) return dirname(whole);
  let at = '/';
  let names = namesOf(whole);
  let links = 0;
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    const next = join(at, name);
    const target = mounts.has(next)
      ? undefined
      : await turns.take(deviceOf(at, mounts), async () => readlink(next).catch(() => undefined));
    if (target === undefined || (links += 1) > MAX_LINKS) {
      at = next;
    } else {
      names = namesOf(resolve(at, target, ...names));
      at = '/';
    }
  }
  return deviceOf(at, mounts);
}

function deviceOf(path: string, mounts: Mounts): string {
  return mounts.get(path) ?? deviceOf(dirname(path), mounts);
}

function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '');
}

/** White space and backslashes are written as `\` with three octal digits. */
function unescaped(directory: string): string {
  return directory.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}
