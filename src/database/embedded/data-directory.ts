import { execFile } from 'node:child_process';
import { constants, existsSync } from 'node:fs';
import { access, mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { tooFewForEmbedded } from '../../config/open-files.js';
import { CONTROL_VERSION, readControlFile } from './control-file.js';
import { DATA, DIRECTORIES } from './data-layout.js';
import { assertAnswers } from './directory-answer.js';
import { assertOwned } from './directory-owner.js';
import { damaged, EmbeddedDirectoryError } from './embedded-directory-error.js';
import { INITDB_PARAMETERS } from './data-template.js';
import { letOwnerWrite, makePrivate } from './private-files.js';
import { assertReachable } from './reachable-files.js';
import { removeStalePidFile } from './stale-pid-file.js';
import { assertUsable } from './unusable-files.js';

/**
 * What PGlite 0.5.16 makes and opens: the version of PostgreSQL, and of its system catalogs. A test compares
 * it with PGlite.
 */
export const ENGINE = { major: '18', catalog: 202506291 } as const;

/** What we make in a directory, and what the root of a file system has by itself. */
const NOT_FOREIGN = /^(pgdata(-.*)?|lock-[0-9a-f]{16}\.sock(\.new)?|lost\+found)$/;
const UNFINISHED = `${DATA}-`;
/** How many files are synced at once: the file system writes them together. */
const SYNCS_AT_ONCE = 16;

/**
 * Creates a data directory in a process of its own: what it takes, up to 750 MB, goes back when it ends. The names in
 * PGlite's archives begin with a slash.
 */
const CREATOR = `
const [, dataDir, template, ...initDbStartParams] = process.argv;
try {
  if (template) {
    const { extract } = await import('tar');
    extract({ file: template, cwd: dataDir, strip: 1, strict: true, sync: true, noMtime: true, preserveOwner: false });
  } else {
    const { PGlite } = await import('@electric-sql/pglite');
    const database = await PGlite.create({ dataDir, initDbStartParams });
    await database.close();
  }
} catch ({ message, errno }) {
  process.stderr.write(message ?? (errno === 51 ? 'no space left on device' : 'file system error ' + errno));
  process.exit(1);
}
`;

/**
 * Sees to it that a directory is there, and that this process can have a database in it.
 * @throws EmbeddedDirectoryError, or an error that says why not at the moment
 */
export async function makeReady(directory: string): Promise<void> {
  const fault = tooFewForEmbedded();
  if (fault !== undefined) throw new EmbeddedDirectoryError(fault);
  await assertOpenable(directory);
  letOwnerWrite();
  await makeDirectory(directory);
  await assertNotForeign(directory);
  await assertWritable(directory);
}

/**
 * Looks whether this process may have a database in a directory; makes nothing, and changes nothing.
 * @throws EmbeddedDirectoryError, EmbeddedDirectoryInUseError
 */
export async function assertOpenable(directory: string): Promise<void> {
  await assertAnswers(directory);
  await assertOwned(directory);
}

/**
 * Makes a directory, and those above it that are missing. Node's own way says of a read-only file system that
 * nothing is there.
 */
async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(directory) === directory) throw error;
    await makeDirectory(dirname(directory));
    await makeDirectory(directory);
  }
}

/** @throws a system error where this process may not read a directory and write into it */
async function assertWritable(directory: string): Promise<void> {
  await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
}

/**
 * Looks whether a directory may be used; changes nothing in it.
 * @throws EmbeddedDirectoryError where no database of ours is in it, and something else is
 */
async function assertNotForeign(directory: string): Promise<void> {
  const names = await readdir(directory);
  const foreign = names.find((name) => !NOT_FOREIGN.test(name));
  if (foreign === undefined || names.includes(DATA)) return;
  const hint = names.includes('PG_VERSION') ? ' (It is a data directory of PostgreSQL itself.)' : '';
  throw new EmbeddedDirectoryError(
    `The directory ${directory} is not empty, and no embedded database: it has "${foreign}".${hint} ` +
      'Name a new or an empty directory in DATABASE_URL.',
  );
}

/**
 * Sees to it that a complete data directory of Postgres is in `directory`, or nothing but the reason why not. The
 * caller holds the directory's lock.
 *
 * @param template - what a new one is unpacked from; without it, `initdb` makes it
 * @returns its path
 * @throws EmbeddedDirectoryError where it is damaged, or of another PostgreSQL than this release has
 */
export async function prepareDataDirectory(directory: string, template?: string): Promise<string> {
  for (const name of await readdir(directory)) {
    if (name.startsWith(UNFINISHED)) {
      await rm(join(directory, name), { force: true, recursive: true, maxRetries: 5 });
    }
  }
  const data = join(directory, DATA);
  if (!existsSync(data)) await createDataDirectory(directory, template);
  assertUsable(data);
  // PGlite would take it for new, and start an empty database over what is left of the old one.
  const flag = constants.O_RDONLY | constants.O_NONBLOCK;
  const text = readFile(join(data, 'PG_VERSION'), { encoding: 'utf8', flag });
  const version = await text.catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  });
  if (version === undefined) throw damaged(data, 'it has no PG_VERSION');
  if (!/^\d+(\.\d+)?\s*$/.test(version)) throw damaged(data, 'its PG_VERSION names no version');
  assertEngine(directory, data, version.trim());
  await assertComplete(data);
  assertReachable(directory);
  await removeStalePidFile(data);
  return data;
}

/** Postgres opens some incomplete directories, takes writes, and cannot end or open them afterwards. */
async function assertComplete(data: string): Promise<void> {
  const find = (name: string) =>
    stat(join(data, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
      return undefined;
    });
  for (const name of DIRECTORIES)
    if (!(await find(name))?.isDirectory()) throw damaged(data, `it has no directory ${name}`);
  // Postgres does without the other one, and says nothing of a directory in the place of either.
  if (!(await find('postgresql.conf'))?.isFile()) throw damaged(data, 'it has no file postgresql.conf');
  if ((await find('postgresql.auto.conf'))?.isFile() === false)
    throw damaged(data, 'its postgresql.auto.conf is no regular file');
}

function assertEngine(directory: string, data: string, major: string): void {
  const catalog = major === ENGINE.major ? catalogOf(data) : undefined;
  if (major === ENGINE.major && catalog === ENGINE.catalog) return;
  const name = (version: string, catalogs?: number) =>
    `PostgreSQL ${version}${catalogs === undefined ? '' : ` (catalogs ${catalogs})`}`;
  throw new EmbeddedDirectoryError(
    `The embedded database in ${directory} is of ${name(major, catalog)}, and this release has ` +
      `${name(ENGINE.major, catalog === undefined ? undefined : ENGINE.catalog)}, which cannot open it. Export it with the ` +
      'release that made it (--export <file>), and import that into a new directory with this one (--import <file>): ' +
      'docs/database.md.',
  );
}

function catalogOf(data: string): number {
  try {
    const { version, catalog } = readControlFile(data);
    // Of a file that it does not know Postgres itself says what is wrong.
    return version === CONTROL_VERSION ? catalog : ENGINE.catalog;
  } catch (error) {
    const { syscall, code } = error as NodeJS.ErrnoException;
    if (syscall !== undefined && code !== 'ENOENT') throw error;
    throw damaged(data, 'it has no global/pg_control that can be read');
  }
}

/** Under another name until all of it is on disk: a half-made one is never opened. */
async function createDataDirectory(directory: string, template: string | undefined): Promise<void> {
  const unfinished = await mkdtemp(join(directory, UNFINISHED));
  const creation = promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', CREATOR, '--', unfinished, template ?? '', ...INITDB_PARAMETERS],
    // It finds its packages from here, and needs nothing of an environment that has secrets.
    { cwd: import.meta.dirname, env: {} },
  );
  const endWithUs = () => creation.child.kill();
  process.once('exit', endWithUs);
  try {
    await creation;
  } catch (cause) {
    const { stderr, message } = cause as { stderr?: string; message: string };
    throw new Error(`creating it failed: ${stderr?.trim() || message}`, { cause });
  } finally {
    process.off('exit', endWithUs);
  }
  // An archive that was cut off where a file in it ends is unpacked without an error.
  if (!(await isWhole(unfinished)))
    throw new Error(
      `creating it failed: ${template ?? 'initdb'} did not give all of it: install this release again`,
    );
  makePrivate(unfinished);
  await syncTree(unfinished);
  await rename(unfinished, join(directory, DATA));
  await sync(directory);
  await sync(dirname(directory));
}

/** Whether a new one has what archives have at their end, and all directories. */
async function isWhole(data: string): Promise<boolean> {
  if (!existsSync(join(data, 'PG_VERSION'))) return false;
  return assertComplete(data).then(
    () => true,
    () => false,
  );
}

/** Every file and folder below it, and the directory. */
async function syncTree(directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true });
  const paths = [directory, ...entries.map(({ parentPath, name }) => join(parentPath, name))];
  const syncRest = async () => {
    for (let path = paths.pop(); path !== undefined; path = paths.pop()) await sync(path);
  };
  await Promise.all(Array.from({ length: SYNCS_AT_ONCE }, syncRest));
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
