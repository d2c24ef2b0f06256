import { TransferError } from './database/export-file.js';
import { exportDatabase, importDatabase, type Transferable } from './database/transfer.js';

/**
 * Does what `--export` or `--import` asks for.
 * @returns what to say about it
 * @throws TransferError and what the two throw
 */
export async function runTransfer(
  database: Transferable | undefined,
  { export: to, import: from }: { readonly export?: string; readonly import?: string },
): Promise<string> {
  if (database === undefined) {
    throw new TransferError(
      'There are two databases: use dist/main.js and dist/issuer-server/main.js, each with its own.',
    );
  }
  if (to !== undefined && from !== undefined)
    throw new TransferError('--export and --import exclude each other.');
  if (to !== undefined)
    return `Exported ${await exportDatabase(database, to)} rows to ${to}. It has secrets in it.\n`;
  return `Imported ${await importDatabase(database, from as string)} rows. The tables are up to date.\n`;
}
