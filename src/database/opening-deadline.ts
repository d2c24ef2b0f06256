import { setTimeout as sleep } from 'node:timers/promises';

/** How long a caller waits for a connection in a process that has little else to do, milliseconds. */
const LIMIT_MS = 2_000;
/** How long in one that is busy, milliseconds. `pg` gives up then; it has no limit of its own. */
export const BUSY_LIMIT_MS = 4_000;

/**
 * Waits for a connection. Opening one takes several turns of the event loop, and in a flood of requests these are
 * long: an opening that the process itself holds up is no fault of the database.
 * @throws Error after 2 seconds, or 4 if the event loop was busy for most of them; what the opening throws
 */
export async function openedInTime<T>(opening: Promise<T>): Promise<T> {
  const before = performance.eventLoopUtilization();
  const opened = new AbortController();
  const late = sleep(LIMIT_MS, undefined, { ref: false, signal: opened.signal }).then(async () => {
    if (performance.eventLoopUtilization(before).utilization > 0.5) return opening;
    throw new Error(`no connection to the database within ${LIMIT_MS} ms`);
  });
  try {
    return await Promise.race([opening, late]);
  } finally {
    late.catch(() => undefined);
    opened.abort();
  }
}
