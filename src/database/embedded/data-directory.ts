import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const DATA = 'pgdata';
const UNFINISHED = `${DATA}-`;

/** Creates a data directory in a process of its own: what it takes, up to 750 MB, goes back when it ends. */
const CREATOR = `
import { PGlite } from '@electric-sql/pglite';
const [, dataDir, ...initDbStartParams] = process.argv;
try {
  const database = await PGlite.create({ dataDir, initDbStartParams });
  await database.close();
} catch ({ message, errno }) {
  process.stderr.write(message ?? (errno === 51 ? 'no space left on device' : 'file system error ' + errno));
  process.exit(1);
}
`;

/**
 * Sees to it that a complete data directory of Postgres is in `directory`, or nothing but the reason why not. The
 * caller holds the directory's lock.
 *
 * @returns its path
 */
export async function prepareDataDirectory(
  directory: string,
  initdbParameters: readonly string[],
): Promise<string> {
  for (const name of await readdir(directory)) {
    if (name.startsWith(UNFINISHED)) {
      await rm(join(directory, name), { force: true, recursive: true, maxRetries: 5 });
    }
  }
  const data = join(directory, DATA);
  if (!existsSync(data)) await createDataDirectory(directory, initdbParameters);
  // PGlite would take it for new, and start an empty database over what is left of the old one.
  if (!existsSync(join(data, 'PG_VERSION'))) throw new Error(`${data} is damaged: it has no PG_VERSION.`);
  return data;
}

/** Under another name until all of it is on disk: a half-made one is never opened. */
async function createDataDirectory(directory: string, initdbParameters: readonly string[]): Promise<void> {
  const unfinished = await mkdtemp(join(directory, UNFINISHED));
  const creation = promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', CREATOR, '--', unfinished, ...initdbParameters],
    // It finds PGlite from here, and needs nothing of an environment that has secrets.
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
  await syncTree(unfinished);
  await rename(unfinished, join(directory, DATA));
  await sync(directory);
  await sync(dirname(directory));
}

async function syncTree(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    await (entry.isDirectory() ? syncTree(path) : sync(path));
  }
  await sync(directory);
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
