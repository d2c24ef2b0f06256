import { escapeLiteral } from 'pg';
import type { DataSource } from 'typeorm';
import { TABLE_MISSING } from './sql-state.js';

/**
 * A table was made anew or emptied after the moment that a read sees: a restore committed while the read
 * waited for it. In that moment the table has no rows, so nothing that was read counts. Another read sees the
 * restored rows.
 */
export class OutdatedReadError extends Error {
  override readonly name = 'OutdatedReadError';

  constructor() {
    super('The tables were restored or rewritten during this read.');
  }
}

/** A table of the program is gone, though the read may not have needed it. As the server says it of a statement. */
export class MissingTableError extends Error {
  override readonly name = 'MissingTableError';
  readonly code = TABLE_MISSING;

  constructor(table: string) {
    super(`relation "${table}" does not exist`);
  }
}

/** What {@link askAboutTables} answers: whether the read is outdated, and the name of a table that is missing. */
export interface TablesAnswer {
  readonly outdated: boolean;
  readonly missing: string | null;
}

/**
 * The question whether a read is outdated, and whether tables are missing; its one row is a {@link
 * TablesAnswer}. A plain query of the catalog sees the read's moment, while `to_regclass` and
 * `pg_relation_filenode` see the present one.
 */
export function askAboutTables(dataSource: DataSource): string {
  const tables = dataSource.entityMetadatas.map(({ tableName }) => escapeLiteral(tableName)).join(', ');
  return `SELECT EXISTS (
    SELECT FROM unnest(ARRAY[${tables}]::text[]) AS ours (name)
    WHERE pg_catalog.to_regclass(name) IS NOT NULL AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_class
      WHERE pg_class.oid = pg_catalog.to_regclass(name)
        AND (relfilenode = 0 OR relfilenode = pg_catalog.pg_relation_filenode(pg_class.oid))
    )
  ) AS outdated, (
    SELECT name FROM unnest(ARRAY[${tables}]::text[]) AS ours (name) WHERE pg_catalog.to_regclass(name) IS NULL LIMIT 1
  ) AS missing`;
}
