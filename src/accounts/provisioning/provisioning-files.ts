import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { inFileTime, NamedFileError, readNamedFile, textOfFile } from '../../config/named-file.js';
import type { Provisioning } from './provisioning-file.js';
import { type Place, type ProvisioningFault, ProvisioningFaults } from './provisioning-faults.js';

/** YAML is parsed in one go: this much takes a fraction of a second, and 1,000 accounts with tokens need half of it. */
const MAX_FILE_BYTES = 256 * 1024;
/** Of all files. */
const MAX_BYTES = 4 * 1024 * 1024;
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
 * @throws ProvisioningFaultsError
 */
export async function readProvisioning(path: string): Promise<Provisioning> {
  // It loads the reader of YAML, which most starts do without.
  const { findContradictions, readProvisioningFile } = await import('./provisioning-file.js');
  const read: Provisioning = { roles: [], serviceAccounts: [], assignments: [] };
  const faults = new ProvisioningFaults();
  let bytes = 0;
  for (const file of await filesOf(path)) {
    try {
      const content = await readNamedFile(file, MAX_FILE_BYTES);
      bytes += content.length;
      if (bytes > MAX_BYTES)
        throw faultAt(
          { file, line: 0 },
          `the files have more than ${MAX_BYTES / 1024 / 1024} MiB with this one`,
        );
      readProvisioningFile(file, textOfFile(content), read, faults);
    } catch (error) {
      if (!(error instanceof NamedFileError)) throw error;
      faults.add({ file, line: 0 }, error.message);
      // Each further file there could take the whole deadline.
      if (PASSING.has(error.code)) throw new ProvisioningFaultsError(faults.list(), true);
    }
  }
  findContradictions(read, faults);
  if (faults.count > 0) throw new ProvisioningFaultsError(faults.list());
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

/** For `--check-config`: what a start would say of the files, a sentence each. */
export async function inspectProvisioning(path: string): Promise<readonly string[]> {
  try {
    await readProvisioning(path);
    return [];
  } catch (error) {
    if (!(error instanceof ProvisioningFaultsError)) throw error;
    return error.faults.map(
      ({ file, line, rule }) => `ACCESS_PROVISIONING_PATH: ${line === 0 ? file : `${file}:${line}`}: ${rule}`,
    );
  }
}
