import { existsSync, readFileSync } from 'node:fs';

const PACKAGE = new URL('../../package.json', import.meta.url);
/** Written by the build; absent when the sources run without one, as in the tests. */
const BUILD_INFO = new URL('../build-info.json', import.meta.url);

/** The version of this program. */
export const VERSION = (JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string }).version;

/** The commit that it was built from, or `unknown`. */
export const COMMIT = existsSync(BUILD_INFO)
  ? (JSON.parse(readFileSync(BUILD_INFO, 'utf8')) as { commit: string }).commit
  : 'unknown';
