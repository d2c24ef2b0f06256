import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSource } from 'typeorm';

/** A server that is frozen does not hang up, milliseconds. */
const MAX_WAIT_MS = 2_000;

/**
 * Connects a data source. TypeORM forgets a pool whose first statements failed: its connections would stay, and become
 * more with each try.
 */
export async function initialize(dataSource: DataSource): Promise<void> {
  try {
    await dataSource.initialize();
  } catch (error) {
    // Where there is no pool to end, that is an error too.
    const ended = dataSource.driver.disconnect().catch(() => undefined);
    await Promise.race([ended, sleep(MAX_WAIT_MS, undefined, { ref: false })]);
    throw error;
  }
}
