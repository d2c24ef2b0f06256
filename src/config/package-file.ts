import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

const PACKAGE = nearestPackage(import.meta.dirname);

/** Path of a file of this package, `docs/openapi.yaml` for one. Modules count no folders: the build moves them. */
export function packageFile(path: string): string {
  return join(PACKAGE, path);
}

function nearestPackage(directory: string): string {
  if (existsSync(join(directory, 'package.json'))) return directory;
  const parent = dirname(directory);
  if (parent === directory) throw new Error('there is no package.json above the modules of this program');
  return nearestPackage(parent);
}
