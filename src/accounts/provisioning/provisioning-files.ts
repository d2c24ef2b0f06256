import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { inFileTime, NamedFileError, readNamedFile, textOfFile } from '../../config/named-file.js';
import type { Provisioning } from './provisioning-file.js';
import type { Place, ProvisioningFault } from './yaml-reader.js';

const MAX_FILE_BYTES = 1024 * 1024;
const MAX_FILES = 100;
/** What is wrong with a file system, as with one whose server is away, and not with the file. */
const PASSING = new Set(['hangs', 'EIO', 'ETIMEDOUT', 'ESTALE', 'ENOTCONN', 'ECONNABORTED', 'EHOSTDOWN']);

/** The files have faults, or cannot be read. */
export class ProvisioningFaultsError extends Error {
  override readonly name = 'ProvisioningFaultsError';

  /** @param isPassing - whether a file system hangs or fails: the same files may be right when it works again */
  constructor(
    readonly faults: readonly ProvisioningFault[],
    readonly isPassing = false,
  ) {
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
      // Each further file there could take the whole deadline.
      if (PASSING.has(error.code)) throw new ProvisioningFaultsError(faults, true);
    }
  }
  faults.push(...findContradictions(read));
  if (faults.length > 0) throw new ProvisioningFaultsError(faults);
  return read;
}

/** @throws ProvisioningFaultsError */
async function filesOf(path: string): Promise<string[]> {
  const fault = (rule: string, code = '') =>
    new ProvisioningFaultsError([{ file: path, line: 0, rule }], PASSING.has(code));
  const names = await namesIn(path).catch((error: NodeJS.ErrnoException) => {
    if (error instanceof NamedFileError) throw fault(error.message, error.code);
    throw error.code === 'ENOENT'
      ? fault('there is no such file or folder')
      : fault(`it cannot be read (${error.code})`, error.code);
  });
  if (names === undefined) return [path];
  const files = names.filter((name) => /^[^.].*\.ya?ml$/.test(name)).sort();
  if (files.length === 0) throw fault('the folder has no file that ends with .yaml or .yml');
  if (files.length > MAX_FILES) throw fault(`the folder has more than ${MAX_FILES} files`);
  return files.map((name) => join(path, name));
}

/** By path: a folder is never listed a second time while the first listing is under way. */
const listings = new Map<string, Promise<string[] | undefined>>();

/** @returns undefined where it is a file. @throws NamedFileError `hangs`, and errors of the system */
async function namesIn(path: string): Promise<string[] | undefined> {
  const known = listings.get(path);
  if (known !== undefined) return known;
  const listing = inFileTime(path, 'read', async () => {
    try {
      return (await stat(path)).isDirectory() ? await readdir(path) : undefined;
    } finally {
      listings.delete(path);
    }
  });
  listings.set(path, listing);
  return listing;
}
