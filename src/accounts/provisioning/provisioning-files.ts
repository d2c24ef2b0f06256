import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { endsInTime, inTurn } from '../../config/file-deadline.js';
import { NamedFileError, readNamedFile, textOfFile } from '../../config/named-file.js';
import type { Provisioning } from './provisioning-file.js';
import type { Place, ProvisioningFault } from './yaml-reader.js';

const MAX_FILE_BYTES = 1024 * 1024;
const MAX_FILES = 100;

/** The files have faults, or cannot be read. */
export class ProvisioningFaultsError extends Error {
  override readonly name = 'ProvisioningFaultsError';

  constructor(readonly faults: readonly ProvisioningFault[]) {
    super(faults.map(({ file, line, rule }) => `${file}:${line}: ${rule}`).join('; '));
  }
}

export function faultAt(place: Place, rule: string): ProvisioningFaultsError {
  return new ProvisioningFaultsError([{ ...place, rule }]);
}

/**
 * What a file, or all files of a folder that end with `.yaml` or `.yml`, say together, in the order of their names.
 * @throws ProvisioningFaultsError with every fault
 */
export async function readProvisioning(path: string): Promise<Provisioning> {
  // It loads the reader of YAML, which most starts do without.
  const { findContradictions, readProvisioningFile } = await import('./provisioning-file.js');
  const read: Provisioning = { roles: [], serviceAccounts: [], assignments: [] };
  const faults: ProvisioningFault[] = [];
  for (const file of await filesOf(path)) {
    try {
      readProvisioningFile(file, textOfFile(await readNamedFile(file, MAX_FILE_BYTES)), read, faults);
    } catch (error) {
      if (!(error instanceof NamedFileError)) throw error;
      faults.push({ file, line: 0, rule: error.message });
    }
  }
  faults.push(...findContradictions(read));
  if (faults.length > 0) throw new ProvisioningFaultsError(faults);
  return read;
}

/** @throws ProvisioningFaultsError */
async function filesOf(path: string): Promise<string[]> {
  const fault = (rule: string) => new ProvisioningFaultsError([{ file: path, line: 0, rule }]);
  const listed = inTurn(path, async () => ((await stat(path)).isDirectory() ? readdir(path) : undefined));
  if (!(await endsInTime(listed))) throw fault('its file system hangs');
  const names = await listed.catch((error: NodeJS.ErrnoException) => {
    throw fault(
      error.code === 'ENOENT' ? 'there is no such file or folder' : `it cannot be read (${error.code})`,
    );
  });
  if (names === undefined) return [path];
  const files = names.filter((name) => /^[^.].*\.ya?ml$/.test(name)).sort();
  if (files.length === 0) throw fault('the folder has no file that ends with .yaml or .yml');
  if (files.length > MAX_FILES) throw fault(`the folder has more than ${MAX_FILES} files`);
  return files.map((name) => join(path, name));
}
