import { randomBytes } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ISSUER_SERVER_SETTINGS } from './config/issuer-server-config.js';
import { ConfigError, MAX_SECRET_BYTES } from './config/environment.js';
import { NamedFileError, readNamedFile } from './config/named-file.js';
import { findPermanentFault } from './database/permanent-fault.js';

/**
 * What operators show to the issuer of the quickstart: from a file that its owner alone can read. The first start
 * makes it.
 * @throws ConfigError where the file has no token, or cannot be read or written; PermanentFaultError where its
 *   directory cannot be used, as the databases are in it too
 */
export async function issuerAdminToken(file: string): Promise<string> {
  try {
    return await readOrMake(file);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const { message } = error as Error;
    const reason = error instanceof NamedFileError ? message : `${file}: ${message}`;
    throw findPermanentFault(error) ?? new ConfigError([reason]);
  }
}

async function readOrMake(file: string): Promise<string> {
  const known = await readNamedFile(file, MAX_SECRET_BYTES).catch((error: NamedFileError) => {
    if (error.code === 'ENOENT') return undefined;
    if (error.code === 'ENOTDIR') throw new NamedFileError(error.code, `${dirname(file)} is no directory`);
    throw new NamedFileError(error.code, `${file}: ${error.message}`);
  });
  if (known !== undefined) return parsed(file, known.toString().trim());
  const token = randomBytes(32).toString('hex');
  await mkdir(dirname(file), { recursive: true });
  // Whole or not at all, also where the process is killed meanwhile.
  await writeFile(`${file}.new`, `${token}\n`, { mode: 0o600, flush: true });
  await rename(`${file}.new`, file);
  return token;
}

function parsed(file: string, token: string): string {
  try {
    const value = ISSUER_SERVER_SETTINGS.ISSUER_ADMIN_TOKEN.parse(token);
    if (value !== undefined) return value;
  } catch {
    // Said below, with the name of the file.
  }
  throw new ConfigError([`${file} has no token of 32 characters or more: delete it, and a new one is made`]);
}
