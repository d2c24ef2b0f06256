import { access, readFile } from 'node:fs/promises';
import { packageFile } from '../../config/package-file.js';

/** With Postgres's own 128 MB the process takes 100 MB more. */
export const SHARED_BUFFERS = 'shared_buffers=16MB';
export const INITDB_PARAMETERS: readonly string[] = [`--set=${SHARED_BUFFERS}`];
/** `npm run build` writes it. */
const TEMPLATE = packageFile('dist/data-template.tar.gz');

/**
 * The packed data directory that new embedded databases start from: unpacking takes a third of the time of
 * `initdb`, and half of its memory.
 *
 * @returns its path; undefined in a checkout that was compiled without `npm run build`
 */
export async function templatePath(): Promise<string | undefined> {
  try {
    await access(TEMPLATE);
    return TEMPLATE;
  } catch {
    return undefined;
  }
}

/** The same, read. */
export async function readTemplate(): Promise<Blob | undefined> {
  const path = await templatePath();
  return path === undefined ? undefined : new Blob([await readFile(path)]);
}
