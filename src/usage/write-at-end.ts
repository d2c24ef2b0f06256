import { setTimeout as sleep } from 'node:timers/promises';

/** So long it is tried, milliseconds: with the rest of the end it stays below ten seconds. */
const TRIED_MS = 6_000;
const PAUSE_MS = 100;

/**
 * Writes down at the end of the process what waits in memory. A database that is away may come back, as after a
 * failover. Never rejects.
 */
export async function writeAtEnd(write: () => Promise<void>): Promise<void> {
  const begun = performance.now();
  do {
    try {
      return await write();
    } catch {
      await sleep(PAUSE_MS);
    }
  } while (performance.now() - begun < TRIED_MS);
}
