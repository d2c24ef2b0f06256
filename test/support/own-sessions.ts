/**
 * For tests of what a session is told at its start. A transaction pool shares sessions, so they are skipped
 * behind PgBouncer.
 */
export const describeWithOwnSessions = process.env.TEST_DATABASE_POOLED ? describe.skip : describe;

/** The same for a single test. */
export const itWithOwnSessions = process.env.TEST_DATABASE_POOLED ? it.skip : it;
