import { setTimeout as sleep } from 'node:timers/promises';
import { fileSystemOf } from './file-systems.js';
import { FileTurns } from './file-turns.js';

/** How long a file or directory may take to answer, milliseconds. */
export const FILE_DEADLINE_MS = 2_000;
const SLICES = 20;

/**
 * How many file systems are asked at a time. One that hangs holds one of the four threads that Node has for files,
 * names and signatures, so one of them is never given to such calls.
 */
const MAX_AT_A_TIME = 3;

const turns = new FileTurns(MAX_AT_A_TIME);

/** Whether such a call is under way: a process waits for it before it exits, as long as its file system hangs. */
export function isReadingFiles(): boolean {
  return turns.size > 0;
}

/** Does it with the file of a path, as the one call on its file system. It must not begin another on the same. */
export async function inTurn<T>(path: string, work: () => Promise<T>): Promise<T> {
  return turns.take(await fileSystemOf(path, turns), work);
}

/**
 * Waits until it ended, well or not, for `ms` at most. In slices: a slice that began before the event loop was blocked
 * says nothing about the file.
 */
export async function endsInTime(work: Promise<unknown>, ms = FILE_DEADLINE_MS): Promise<boolean> {
  const ended = work.then(
    () => true,
    () => true,
  );
  for (let slice = 0; slice < SLICES; slice += 1) {
    const over = new AbortController();
    const passed = sleep(ms / SLICES, false, { signal: over.signal }).catch(() => false);
    const hasEnded = await Promise.race([ended, passed]);
    over.abort();
    if (hasEnded) return true;
  }
  return false;
}
