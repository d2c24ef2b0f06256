import type { QueryRunner } from 'typeorm';
import { isDatabaseFailure, isUnavailable } from './database-error.js';
import { type Client, close } from './sessions.js';
import { leavesSessionUsable, sqlState } from './sql-state.js';

/**
 * Rolls back. A connection without an answer is closed instead: a late answer would leave it inside this transaction,
 * which the next one would commit, and a dead one would be used again and again. (`pg` gives up only on the statement,
 * and the pool takes the connection back.) A connection whose session caused the error is closed too: the next
 * transaction on it would fail as well.
 */
export async function abandon(runner: QueryRunner, client: Client, error: unknown): Promise<void> {
  const cause = isUnavailable(error) ? error.cause : error;
  try {
    if (isDatabaseFailure(cause) && !leavesSessionUsable(sqlState(cause))) throw cause;
    await runner.rollbackTransaction();
  } catch {
    if (!runner.isReleased) close(client);
  }
}
