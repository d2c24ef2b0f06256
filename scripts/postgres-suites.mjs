// Which tests run on PostgreSQL as well. SQL, locks, transactions and sessions cannot change what the others prove.

import { readFileSync } from 'node:fs';
import { testFiles } from './long-suites.mjs';

/** Tests that need sessions of their own, which a pool of transactions does not give. */
const SESSIONS = testFiles(['^test/postgres/']).filter((file) =>
  readFileSync(new URL(`../${file}`, import.meta.url), 'utf8').includes('/own-sessions.js'),
);

/** Migrations, sessions, and the issuer: over connections of their own. */
export const DIRECT = [
  ...SESSIONS,
  'test/schema',
  'test/issuer-server',
  'test/contract/(routes|monitoring)\\.',
  'test/documents/lock-down\\.',
];

/** What the service writes: through PgBouncer where there is one, a pool of transactions. */
export const POOLED = [
  'test/postgres',
  'test/e2e/licensing/(install|remove|renew|renewal|restart|queue|history|sources|answer-log)\\.',
  'test/e2e/access/(accounts|account-limits)\\.',
  'test/e2e/usage/usage\\.',
  'test/usage/counting\\.',
];
