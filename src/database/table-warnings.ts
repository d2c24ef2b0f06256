import type { DataSource } from 'typeorm';
import { unreadableIdentities } from './identities.js';
import { migrationState, readTables, tablesOf } from './migrate.js';

/** What an operator should know of tables that can be used, as lines of the log. */
export async function warningsOf(
  dataSource: DataSource,
): Promise<{ msg: string; [fact: string]: unknown }[]> {
  const { unknown } = await migrationState(dataSource);
  const tables = tablesOf(dataSource);
  const unreadable = await readTables(dataSource, (runner) => unreadableIdentities(runner, tables));
  return [
    // During an upgrade and after it was taken back: newer tables serve the release before them too.
    {
      msg: 'the database has migrations that this program does not know: a newer release was here',
      migrations: unknown,
    },
    {
      msg:
        'the role may not read the sequences of these columns, so a numbering that is behind its rows is not noticed: ' +
        'GRANT SELECT ON ALL SEQUENCES (docs/database.md)',
      columns: unreadable,
    },
  ].filter(({ migrations, columns }) => (migrations ?? columns ?? []).length > 0);
}
