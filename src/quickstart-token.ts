import { randomBytes } from 'node:crypto';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ISSUER_SERVER_SETTINGS } from './config/issuer-server-config.js';
import { ConfigError, MAX_SECRET_BYTES } from './config/environment.js';
import { inFileTime, NamedFileError, readNamedFile } from './config/named-file.js';
import { freshName, giveName, removeUnfinished } from './config/new-file.js';
import { findPermanentFault } from './database/permanent-fault.js';

/** What is wrong with the owner or the mode of a file. */
const OPEN_TO_OTHERS = ['not-own', 'not-private'];

/**
 * What operators show to the issuer of the quickstart: from a file that its owner alone can read. The first start
 * makes it.
 * @throws ConfigError where the file has no token, is open to another user, or cannot be read or written;
 *   PermanentFaultError where its directory cannot be used, as the databases are in it too
 */
export async function issuerAdminToken(file: string): Promise<string> {
  try {
    const token = await readOrMake(file);
    await inFileTime(file, 'read', async () => removeUnfinished(file));
    return token;
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
  const isMade = await inFileTime(file, 'written', async () => make(file, `${token}\n`)).catch(
    (error: unknown) => {
      throw error instanceof NamedFileError
        ? new NamedFileError(error.code, `${file}: ${error.message}`)
        : error;
    },
  );
  if (isMade) return token;
  // Another start made it meanwhile, and only one of the two goes on.
  const others = await known(file);
  if (others !== undefined) return others;
  throw new ConfigError([`${file} is a link to no file: delete it, and a new one is made`]);
}

/** @returns undefined where there is no file */
async function known(file: string): Promise<string | undefined> {
  try {
    parsed(file, await readNamedFile(file, MAX_SECRET_BYTES));
    return parsed(file, await readPrivate(file));
  } catch (error) {
    if (!(error instanceof NamedFileError)) throw error;
    const { code, message } = error;
    if (code === 'ENOENT') return undefined;
    if (code === 'ENOTDIR') throw new NamedFileError(code, `${dirname(file)} is no directory`);
    const rest = OPEN_TO_OTHERS.includes(code) ? ', or delete it, and a new one is made' : '';
    throw new NamedFileError(code, `${file}: ${message}${rest}`);
  }
}

/** Another user who could write the file, or made it, would know the token. */
async function readPrivate(file: string): Promise<Buffer> {
  try {
    return await readNamedFile(file, MAX_SECRET_BYTES, 'own');
  } catch (error) {
    if (!(error instanceof NamedFileError) || !OPEN_TO_OTHERS.includes(error.code)) throw error;
    if (!(await inFileTime(file, 'read', async () => isAsNew(file)).catch(() => false))) throw error;
    return readNamedFile(file, MAX_SECRET_BYTES);
  }
}

/** Whether each file there has this owner and mode, as on a mount with `uid=` and `umask=`. */
async function isAsNew(file: string): Promise<boolean> {
  const fresh = freshName(file);
  await writeFile(fresh, '', { mode: 0o600, flag: 'wx' });
  try {
    const [found, made] = await Promise.all([stat(file), stat(fresh)]);
    return found.uid === made.uid && found.mode === made.mode;
  } finally {
    await rm(fresh, { force: true });
  }
}

/**
 * Makes a file, whole or not at all, also where the process is killed or the disk is full. Of several processes one
 * makes it.
 * @returns whether this one did
 */
async function make(file: string, text: string): Promise<boolean> {
  const fresh = freshName(file);
  await mkdir(dirname(file), { recursive: true });
  try {
    await writeFile(fresh, text, { mode: 0o600, flag: 'wx', flush: true });
    return await giveName(fresh, file);
  } finally {
    await rm(fresh, { force: true });
  }
}

function parsed(file: string, bytes: Buffer): string {
  try {
    const value = ISSUER_SERVER_SETTINGS.ISSUER_ADMIN_TOKEN.parse(bytes.toString().trim());
    if (value !== undefined) return value;
  } catch {
    // Said below, with the name of the file.
  }
  throw new ConfigError([`${file} has no token of 32 characters or more: delete it, and a new one is made`]);
}
