import { setTimeout as sleep } from 'node:timers/promises';

/** How long a file or directory may take to answer, milliseconds. */
export const FILE_DEADLINE_MS = 2_000;
const SLICES = 20;

/**
 * How many of these calls run at a time. A call on a file system that hangs holds one of the four threads that Node has
 * for files, names and signatures until the file system answers, so some of them are never given to such calls.
 */
const MAX_AT_A_TIME = 2;

const atWork = new Set<Promise<unknown>>();

/** Whether such a call is under way: a process waits for it before it exits, as long as its file system hangs. */
export function isReadingFiles(): boolean {
  return atWork.size > 0;
}

/** Does it as one of {@link MAX_AT_A_TIME}. */
export async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  while (atWork.size >= MAX_AT_A_TIME) await Promise.race(atWork);
  const result = work();
  const ended: Promise<unknown> = result.then(
    () => atWork.delete(ended),
    () => atWork.delete(ended),
  );
  atWork.add(ended);
  return result;
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
