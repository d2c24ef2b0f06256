// Which tests run on PostgreSQL as well. SQL, locks, transactions and sessions cannot change what the others prove.

/** Migrations, replicas and the server itself, and the issuer: over connections of their own. */
export const DIRECT = [
  'test/postgres',
  'test/schema',
  'test/issuer-server',
  'test/contract/(routes|monitoring)\\.',
];

/** What the service writes: through PgBouncer where there is one, a pool of transactions. */
export const POOLED = [
  'test/postgres',
  'test/e2e/licensing/(install|remove|renew|renewal|restart|queue|history|sources|answer-log)\\.',
  'test/e2e/access/(accounts|account-limits)\\.',
];
