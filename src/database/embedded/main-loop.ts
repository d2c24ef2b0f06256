import type { PGlite } from '@electric-sql/pglite';

/** Status of the exception by which Postgres's main loop says that a statement failed. */
const STATEMENT_FAILED = 100;

/**
 * PGlite ignores every exception of Postgres's main loop that it doesn't know, that of a dead Postgres included
 * (disk full, fsync failed), and calls the loop again, without end, while the whole process is blocked. So the loop
 * is wrapped, and PGlite's way around it (`stackRestore`) is turned into the way out. Leans on these names.
 *
 * @param onDeath - gets the exception of a dead Postgres
 */
export function leaveLoopOfDead(module: PGlite['Module'], onDeath: (error: unknown) => void): void {
  const loop = module._PostgresMainLoopOnce;
  module._PostgresMainLoopOnce = () => {
    try {
      loop();
    } catch (error) {
      if ((error as { status?: unknown }).status !== STATEMENT_FAILED) {
        const leave = (): never => {
          throw error;
        };
        Object.assign(module, {
          _PostgresMainLoopOnce: leave,
          stackRestore: leave,
          _PostgresSendReadyForQueryIfNecessary: () => undefined,
          _pgl_pq_flush: () => undefined,
        });
        onDeath(error);
      }
      throw error;
    }
  };
}
