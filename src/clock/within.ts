import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits for work that nothing may wait for long. The work itself goes on when it is late.
 * @throws Error after so many milliseconds; what the work throws
 */
export async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  const done = new AbortController();
  const late = sleep(milliseconds, undefined, { ref: false, signal: done.signal }).then(() => {
    throw new Error(`it took more than ${milliseconds} ms`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    late.catch(() => undefined);
    done.abort();
  }
}
