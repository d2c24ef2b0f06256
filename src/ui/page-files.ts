import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { packageFile } from '../config/package-file.js';

/** Where the build puts the page. */
const BUILT = packageFile('dist/web');

/** More is no page of ours, bytes: it is held in memory. */
const MAX_BYTES = 16 * 1024 * 1024;

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.woff2': 'font/woff2',
};
/** What is compressed already. */
const COMPRESSED = new Set(['.png', '.woff2', '.ico']);

/** A file of the page, as it is sent. */
export interface PageFile {
  readonly type: string;
  readonly content: Buffer;
  /** Undefined where that would not be shorter. */
  readonly gzipped: Buffer | undefined;
  /** Its name has a hash of its content: it never changes. */
  readonly isImmutable: boolean;
}

/** By their path, `index.html` or `assets/app-1f2e3d.js`. */
export type PageFiles = ReadonlyMap<string, PageFile>;

/** Token of the files that the page is served from. */
export const PAGE_FILES = Symbol('PageFiles');

/**
 * The files of the built page. They are read at the start, so a
 * request reaches no file system: no path leads out of the page. Empty where the page was not built.
 *
 * @throws Error where the directory has too much in it
 */
export function readPage(directory = BUILT): PageFiles {
  const files = new Map<string, PageFile>();
  let total = 0;
  for (const name of namesIn(directory)) {
    const file = join(directory, name);
    total += statSync(file).size;
    if (total > MAX_BYTES)
      throw new Error(`${directory} has more than ${MAX_BYTES} bytes: that is no page of ours`);
    files.set(name.replaceAll('\\', '/'), pageFile(name, readFileSync(file)));
  }
  return files;
}

/** Regular files alone: a link would lead elsewhere. */
function namesIn(directory: string): string[] {
  try {
    const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(join(directory, '/').length));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function pageFile(name: string, content: Buffer): PageFile {
  const extension = extname(name).toLowerCase();
  const gzipped = COMPRESSED.has(extension) ? undefined : gzipSync(content, { level: 9 });
  return {
    type: TYPES[extension] ?? 'application/octet-stream',
    content,
    gzipped: gzipped !== undefined && gzipped.length < content.length ? gzipped : undefined,
    isImmutable: /^assets[\\/]/.test(name),
  };
}
