/** The data directory of Postgres in the directory of an embedded database. */
export const DATA = 'pgdata';

/**
 * The directories of a data directory that Postgres never makes itself, and without which it does not open, or fails at
 * its next checkpoint. `base/5` is the database `postgres`. A test removes each from a new data directory.
 */
export const DIRECTORIES: readonly string[] = [
  'base',
  'base/5',
  'global',
  'pg_commit_ts',
  'pg_logical',
  'pg_logical/mappings',
  'pg_logical/snapshots',
  'pg_multixact',
  'pg_multixact/members',
  'pg_multixact/offsets',
  'pg_notify',
  'pg_replslot',
  'pg_subtrans',
  'pg_twophase',
  'pg_wal',
  'pg_xact',
];
