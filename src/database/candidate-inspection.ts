import type pg from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
import { locateTables, schemaOf, UnusableDatabaseError } from './database-inspection.js';
import { checkMigrations, readTables } from './migrate.js';

/** Reads the program's tables. @throws where the program must not work on them */
export type DatabaseCheck = (manager: EntityManager) => Promise<void>;

/** A connection with the new address works, and this program must not work on the database that it names. */
export class RefusedDatabaseError extends Error {
  override readonly name = 'RefusedDatabaseError';

  constructor(cause: unknown) {
    super((cause as Error).message, { cause });
  }
}

/**
 * Opens one connection to another database and inspects it as a start does; changes nothing.
 *
 * @param current - the data source in use
 * @param client - the class of clients that connect with the new address
 * @param checks - what the modules above require of their tables
 * @throws RefusedDatabaseError, and what the server or the way to it answers
 */
export async function inspectCandidate(
  current: DataSource,
  client: typeof pg.Client,
  checks: readonly DatabaseCheck[],
): Promise<void> {
  const extra = { ...(current.options.extra as object), max: 1, Client: client };
  const candidate = await new DataSource({ ...current.options, extra }).initialize();
  try {
    const { name } = await locateTables(candidate);
    assertSchema(name, schemaOf(current));
    await checkMigrations(candidate);
    for (const check of checks) await readTables(candidate, async (runner) => check(runner.manager));
  } catch (error) {
    throw new RefusedDatabaseError(error);
  } finally {
    await candidate.destroy().catch(() => undefined);
  }
}

/** The statements of a running process name the schema that its start found. */
function assertSchema(found: string, used: string | undefined): void {
  if (used === undefined || found === used) return;
  throw new UnusableDatabaseError(
    `The tables of this program are in the schema "${found}" there, and in "${used}" in the database in use: ` +
      'restart this program to use the other schema.',
  );
}
