import { escapeIdentifier } from 'pg';

/**
 * What a session could have otherwise, by its database, its role, the server's files, `PGOPTIONS` or the
 * address, and what would change how a value is written or read, or what a statement means. Only those that
 * every role may set, and that all supported servers know. `default_transaction_read_only` is none of them:
 * who sets it wants no writes.
 */
const MEANING: Readonly<Record<string, string>> = {
  client_encoding: 'UTF8',
  datestyle: 'ISO, MDY',
  intervalstyle: 'postgres',
  timezone: 'UTC',
  bytea_output: 'hex',
  xmloption: 'content',
  extra_float_digits: '1',
  standard_conforming_strings: 'on',
  backslash_quote: 'safe_encoding',
  array_nulls: 'on',
  transform_null_equals: 'off',
  quote_all_identifiers: 'off',
  row_security: 'on',
};

/** A trigger that is off takes the foreign keys with it: what hangs on a deleted row would stay. */
const TRIGGERS_ON = `SELECT pg_catalog.set_config('session_replication_role', 'origin', true)
  WHERE pg_catalog.current_setting('session_replication_role') <> 'origin'`;

/**
 * What is acknowledged is on the server's disk. Stronger choices, and weaker ones about standbys, are the
 * operator's.
 */
const DURABLE = `SELECT pg_catalog.set_config('synchronous_commit', 'local', true)
  WHERE pg_catalog.current_setting('synchronous_commit') = 'off'`;

/** `transaction_timeout` came with PostgreSQL 17. */
const NO_TRANSACTION_TIMEOUT = `SELECT pg_catalog.set_config(name, '0', true)
  FROM pg_catalog.pg_settings WHERE name = 'transaction_timeout'`;

/** What a read tells besides: whether a change could be made. Itself it is read only by its own choice. */
const IS_READ_ONLY = `SELECT pg_catalog.current_setting('default_transaction_read_only') = 'on'
  OR pg_catalog.pg_is_in_recovery() AS read_only`;

/** How long the parts of a transaction may take before the server ends it, milliseconds. */
export interface ServerTimeouts {
  readonly statement: number;
  readonly lock: number;
  readonly idle: number;
}

/** What a transaction is for. A `migration` is one that writes, and may take long as a whole. */
export type Purpose = 'read' | 'write' | 'migration';

/**
 * The statements that begin a transaction, in one round trip; the last one of a read has the row {@link
 * IS_READ_ONLY}. Per transaction, because the next one of a transaction-pooling proxy may have another
 * session, and because the proxy refuses settings at a connection's start.
 *
 * @param schema - where our tables are; undefined for a transaction that touches none and has to see the search path
 */
export function transactionSettings(
  purpose: Purpose,
  schema: string | undefined,
  timeouts: ServerTimeouts,
): string {
  const settings = {
    ...MEANING,
    statement_timeout: `${timeouts.statement}`,
    lock_timeout: `${timeouts.lock}`,
    idle_in_transaction_session_timeout: `${timeouts.idle}`,
  };
  return [
    // Before anything that reads, or it is refused.
    `SET TRANSACTION ISOLATION LEVEL ${purpose === 'read' ? 'REPEATABLE READ, READ ONLY' : 'READ COMMITTED'}, NOT DEFERRABLE`,
    ...Object.entries(settings).map(([name, value]) => `SET LOCAL ${name} = '${value}'`),
    // Temporary tables last: left to itself the server looks there first, and a proxy's session may have some.
    ...(schema === undefined ? [] : [`SET LOCAL search_path = ${escapeIdentifier(schema)}, pg_temp`]),
    ...(purpose === 'read' ? [IS_READ_ONLY] : [TRIGGERS_ON, DURABLE]),
    ...(purpose === 'migration' ? [NO_TRANSACTION_TIMEOUT] : []),
  ].join(';\n');
}
