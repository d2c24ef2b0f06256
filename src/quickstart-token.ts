import { randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ISSUER_SERVER_SETTINGS } from './config/issuer-server-config.js';
import { ConfigError, MAX_SECRET_BYTES } from './config/environment.js';
import { inFileTime, NamedFileError, readNamedFile } from './config/named-file.js';
import { findPermanentFault } from './database/permanent-fault.js';

/** What a file system without hard links answers. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

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
  const found = await known(file);
  if (found !== undefined) return found;
  const token = randomBytes(32).toString('hex');
  const isMade = await inFileTime('written', async () => make(file, `${token}\n`)).catch((error: unknown) => {
    throw error instanceof NamedFileError
      ? new NamedFileError(error.code, `${file}: ${error.message}`)
      : error;
  });
  if (isMade) return token;
  // Another start made it meanwhile, and only one of the two goes on.
  const others = await known(file);
  if (others !== undefined) return others;
  throw new ConfigError([`${file} is a link to no file: delete it, and a new one is made`]);
}

/** @returns undefined where there is no file */
async function known(file: string): Promise<string | undefined> {
  const bytes = await readNamedFile(file, MAX_SECRET_BYTES).catch((error: NamedFileError) => {
    if (error.code === 'ENOENT') return undefined;
    if (error.code === 'ENOTDIR') throw new NamedFileError(error.code, `${dirname(file)} is no directory`);
    throw new NamedFileError(error.code, `${file}: ${error.message}`);
  });
  return bytes === undefined ? undefined : parsed(file, bytes.toString().trim());
}

/**
 * Makes a file, whole or not at all, also where the process is killed or the disk is full. Of several processes one
 * makes it.
 * @returns whether this one did
 */
async function make(file: string, text: string): Promise<boolean> {
  const fresh = `${file}.${randomUUID()}`;
  await mkdir(dirname(file), { recursive: true });
  try {
    await writeFile(fresh, text, { mode: 0o600, flag: 'wx', flush: true });
    await link(fresh, file);
    return true;
  } catch (error) {
    const { code = '', syscall } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (syscall !== 'link' || !NO_LINKS.has(code)) throw error;
    await rename(fresh, file);
    return true;
  } finally {
    await rm(fresh, { force: true });
  }
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
