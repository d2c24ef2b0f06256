import { type DataSource, QueryFailedError, type QueryRunner } from 'typeorm';
import { KEY_TAKEN, sqlState } from './sql-state.js';

const MIGRATE = 'Run this program once with --migrate, as the role that owns the tables (docs/database.md).';

/** A column that the database numbers. */
interface Identity {
  readonly table: string;
  readonly column: string;
  readonly sequence: string;
  /** Whether this role may read where the numbering is. */
  readonly isReadable: boolean;
}

/** Its next number is one that a row has already: every insert fails. */
export interface StaleIdentity extends Omit<Identity, 'isReadable'> {
  /** The next number that the database would give. */
  readonly next: string;
  /** The highest that a row has. */
  readonly highest: string;
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
      `The database's numbering is behind its rows, so nothing can be added: ${places.join('; ')}. ${MIGRATE}`,
    );
  }
}

/** A row was refused because the database gave it the number of another row. */
export class NumberTakenError extends Error {
  override readonly name = 'NumberTakenError';

  constructor(table: string, cause: Error) {
    super(`The database gave a row of ${table} a number that another row has. ${MIGRATE}`, { cause });
  }
}

/** Finds that fault in a failed statement. @returns undefined where the statement failed for another reason */
export function numberTaken(error: unknown, { entityMetadatas }: DataSource): NumberTakenError | undefined {
  if (!(error instanceof QueryFailedError) || sqlState(error) !== KEY_TAKEN) return undefined;
  const { table, constraint } = error.driverError as { table?: string; constraint?: string };
  if (table === undefined || constraint !== `${table}_pkey`) return undefined;
  const isNumbered = entityMetadatas.some(
    ({ tableName, generatedColumns }) => tableName === table && generatedColumns.length > 0,
  );
  return isNumbered ? new NumberTakenError(table, error) : undefined;
}

/** The session, in a transaction whose search path is that of our tables. */
type Session = Pick<QueryRunner, 'query'>;

/**
 * Finds the numbered columns of our tables that would give a number that is taken; changes nothing. Those whose
 * sequence the role may not read are left out: {@link unreadableIdentities} has them.
 */
export async function staleIdentities(source: Session, tables: readonly string[]): Promise<StaleIdentity[]> {
  const found: StaleIdentity[] = [];
  for (const { table, column, sequence, isReadable } of await identitiesOf(source, tables)) {
    if (!isReadable) continue;
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

/** The numbered columns of our tables whose next number this role may not read, as `table.column`. */
export async function unreadableIdentities(source: Session, tables: readonly string[]): Promise<string[]> {
  const identities = await identitiesOf(source, tables);
  return identities.filter(({ isReadable }) => !isReadable).map(({ table, column }) => `${table}.${column}`);
}

async function identitiesOf(source: Session, tables: readonly string[]): Promise<Identity[]> {
  return (await source.query(
    `SELECT c.relname AS table, a.attname AS column, s.name AS sequence,
       has_sequence_privilege(s.name, 'SELECT') AS "isReadable"
     FROM unnest($1::text[]) AS wanted (name)
     JOIN pg_class c ON c.oid = to_regclass(quote_ident(wanted.name))
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     CROSS JOIN LATERAL (SELECT pg_get_serial_sequence(c.oid::regclass::text, a.attname) AS name) s
     WHERE s.name IS NOT NULL
     ORDER BY 1, 2`,
    [tables],
  )) as Identity[];
}

/** Lets the numbering go on after the highest number that a row has. The caller holds the lock of migrations. */
export async function mendIdentities(runner: QueryRunner, stale: readonly StaleIdentity[]): Promise<void> {
  for (const { sequence, highest } of stale) {
    await runner.query('SELECT setval($1::regclass, $2::bigint)', [sequence, highest]);
  }
}
