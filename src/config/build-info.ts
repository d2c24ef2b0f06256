import { existsSync, readFileSync } from 'node:fs';
import { packageFile } from './package-file.js';

/** Written by the build; absent when the sources run without one. */
const BUILD_INFO = packageFile('dist/build-info.json');

/** The version of this program. */
export const VERSION = (JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { version: string })
  .version;

/** The commit that it was built from, or `unknown`. */
export const COMMIT = existsSync(BUILD_INFO)
  ? (JSON.parse(readFileSync(BUILD_INFO, 'utf8')) as { commit: string }).commit
  : 'unknown';
