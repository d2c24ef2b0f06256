import type { QueryRunner } from 'typeorm';

/** A column that the database numbers, whose next number a row has already: every insert fails. */
export interface StaleIdentity {
  readonly table: string;
  readonly column: string;
  /** The next number that the database would give. */
  readonly next: string;
  /** The highest that a row has. */
  readonly highest: string;
  readonly sequence: string;
}

/**
 * Identities are behind their tables (logical replication and some restores copy rows and not where the
 * numbering was), and this program was told not to change that (`DATABASE_MIGRATIONS=check`).
 */
export class StaleIdentityError extends Error {
  override readonly name = 'StaleIdentityError';

  constructor(readonly stale: readonly StaleIdentity[]) {
    const places = stale.map(
      ({ table, column, next, highest }) =>
        `${table}.${column}: the next number would be ${next}, but the rows go up to ${highest}`,
    );
    super(
      `The database's numbering is behind its rows, so nothing can be added: ${places.join('; ')}. ` +
        'Run this program once with --migrate, as the role that owns the tables (docs/database.md).',
    );
  }
}

/**
 * Finds the numbered columns of our tables that would give a number that is taken; changes nothing. What the
 * role may not see is left out: it needs SELECT on the sequences.
 */
export async function staleIdentities(
  source: QueryRunner,
  tables: readonly string[],
): Promise<StaleIdentity[]> {
  const columns = (await source.query(
    `SELECT c.relname AS table, a.attname AS column, s.name AS sequence
     FROM unnest($1::text[]) AS wanted (name)
     JOIN pg_class c ON c.oid = to_regclass(quote_ident(wanted.name))
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     CROSS JOIN LATERAL (SELECT pg_get_serial_sequence(c.oid::regclass::text, a.attname) AS name) s
     WHERE s.name IS NOT NULL AND has_sequence_privilege(s.name, 'SELECT')
     ORDER BY 1, 2`,
    [tables],
  )) as Pick<StaleIdentity, 'table' | 'column' | 'sequence'>[];
  const found: StaleIdentity[] = [];
  for (const { table, column, sequence } of columns) {
    const [row] = (await source.query(
      `SELECT CASE WHEN is_called THEN last_value + 1 ELSE last_value END::text AS next,
         (SELECT max("${column}") FROM "${table}")::text AS highest
       FROM ${sequence}`,
    )) as { next: string; highest: string | null }[];
    if (row?.highest == null || BigInt(row.next) > BigInt(row.highest)) continue;
    found.push({ table, column, sequence, next: row.next, highest: row.highest });
  }
  return found;
}

/** Lets the numbering go on after the highest number that a row has. The caller holds the lock of migrations. */
export async function mendIdentities(runner: QueryRunner, stale: readonly StaleIdentity[]): Promise<void> {
  for (const { sequence, highest } of stale) {
    await runner.query('SELECT setval($1::regclass, $2::bigint)', [sequence, highest]);
  }
}
