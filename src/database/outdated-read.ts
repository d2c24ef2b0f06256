import { escapeLiteral } from 'pg';
import type { DataSource } from 'typeorm';

/**
 * A table was made anew or emptied after the moment that a read sees: a restore committed while the read waited for it. In that
 * moment the table has no rows, so nothing that was read counts. Another read sees the restored rows.
 */
export class OutdatedReadError extends Error {
  override readonly name = 'OutdatedReadError';

  constructor() {
    super('The tables were restored or rewritten during this read.');
  }
}

/**
 * The question whether a read is outdated; its one row has `outdated`. A plain query of the catalog sees the read's moment, while
 * `to_regclass` and `pg_relation_filenode` see the present one.
 */
export function askWhetherOutdated(dataSource: DataSource): string {
  const tables = dataSource.entityMetadatas.map(({ tableName }) => escapeLiteral(tableName)).join(', ');
  return `SELECT EXISTS (
    SELECT FROM unnest(ARRAY[${tables}]::text[]) AS ours (name)
    WHERE pg_catalog.to_regclass(name) IS NOT NULL AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_class
      WHERE pg_class.oid = pg_catalog.to_regclass(name)
        AND (relfilenode = 0 OR relfilenode = pg_catalog.pg_relation_filenode(pg_class.oid))
    )
  ) AS outdated`;
}
