import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, mkdtemp, open, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FILE_DEADLINE_MS, isReadingFiles } from '../../src/config/file-deadline.js';
import { NamedFileError, readNamedFile, readNamedFileSync } from '../../src/config/named-file.js';
import { HungFileSystem } from '../support/hung-file-system.js';

const KIB = 1024;

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'licentia-file-'));
  path = join(directory, 'named');
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

const READERS: [string, (path: string, maxBytes: number) => Promise<Buffer> | Buffer][] = [
  ['while the process runs', readNamedFile],
  ['at the start', readNamedFileSync],
];

describe.each(READERS)('A file that a setting names, %s', (_, read) => {
  const errorOf = async (file: string) => {
    try {
      await read(file, KIB);
      return undefined;
    } catch (error) {
      expect(error).toBeInstanceOf(NamedFileError);
      expect((error as Error).message).not.toContain(directory);
      return error as NamedFileError;
    }
  };

  it.each([0, 1, KIB - 1, KIB])('is read wholly with %i bytes', async (bytes) => {
    await writeFile(path, Buffer.alloc(bytes, 7));
    expect((await read(path, KIB)).equals(Buffer.alloc(bytes, 7))).toBe(true);
  });

  it('is read over many chunks', async () => {
    const content = Buffer.from(Array.from({ length: 300 * KIB }, (_unused, at) => at % 251));
    await writeFile(path, content);
    expect((await read(path, 300 * KIB)).equals(content)).toBe(true);
  });

  it.each<[string, string, string, () => Promise<void>]>([
    ['is missing', 'ENOENT', 'there is no such file', async () => undefined],
    ['is a directory', 'EISDIR', 'it is a directory', async () => void (await mkdir(path))],
    ['is a link to itself', 'ELOOP', 'it cannot be read (ELOOP)', () => symlink(path, path)],
    [
      'is a named pipe that nobody writes to',
      'not-regular',
      'it is no regular file',
      async () => void execFileSync('mkfifo', [path]),
    ],
    ['is a device', 'not-regular', 'it is no regular file', () => symlink('/dev/zero', path)],
    [
      'is a byte too long',
      'too-large',
      'it has more than 1 KiB',
      () => writeFile(path, Buffer.alloc(KIB + 1)),
    ],
    [
      'is sparse with 2 GiB',
      'too-large',
      'it has more than 1 KiB',
      async () => {
        const file = await open(path, 'w');
        await file.truncate(2 * KIB ** 3);
        await file.close();
      },
    ],
  ])('cannot be used when it %s', async (_what, code, message, make) => {
    await make();
    expect(await errorOf(path)).toMatchObject({ code, message });
  });

  it('cannot be used when it is a socket', async () => {
    const server = createServer().listen(path);
    await once(server, 'listening');
    expect(await errorOf(path)).toMatchObject({ code: 'ENXIO' });
    server.close();
  });

  it('has no more bytes than are allowed, even if it says a size of 0, as files of the kernel do', async () => {
    expect(await errorOf('/proc/kallsyms')).toMatchObject({ code: 'too-large' });
    expect((await read('/proc/self/status', 64 * KIB)).length).toBeGreaterThan(100);
  });

  it('is read through links, also after they were turned as Kubernetes does it', async () => {
    for (const name of ['first', 'second']) {
      await mkdir(join(directory, name));
      await writeFile(join(directory, name, 'named'), name);
    }
    await symlink('first', join(directory, '..data'));
    await symlink(join('..data', 'named'), path);
    expect(String(await read(path, KIB))).toBe('first');
    await symlink('second', join(directory, '..next'));
    await rename(join(directory, '..next'), join(directory, '..data'));
    expect(String(await read(path, KIB))).toBe('second');
  });
});

describe('A file on a file system that hangs', () => {
  const possible = HungFileSystem.isPossible(join(tmpdir(), `licentia-hung-${process.pid}`));
  const where = possible ? it : it.skip;

  where(
    'is an error within the deadline, then at once, hinders no other file, and counts again',
    async () => {
      const mount = join(directory, 'mount');
      await mkdir(mount);
      await writeFile(join(mount, 'named'), 'below');
      await writeFile(path, 'beside');
      const hung = HungFileSystem.mount(mount);
      try {
        const reads = Array.from({ length: 20 }, () => readNamedFile(join(mount, 'named'), KIB));
        for (const read of await Promise.allSettled(reads)) {
          expect(read).toMatchObject({ status: 'rejected', reason: { code: 'hangs' } });
        }
        expect(String(await readNamedFile(path, KIB))).toBe('beside');
        expect(isReadingFiles()).toBe(true);
        const later = performance.now();
        await expect(readNamedFile(join(mount, 'named'), KIB)).rejects.toMatchObject({ code: 'hangs' });
        expect(performance.now() - later).toBeLessThan(FILE_DEADLINE_MS / 2);
        // However many files hang: names are looked up, and signatures verified, by the threads that are left.
        const others = ['a', 'b', 'c', 'd'].map((name) => readNamedFile(join(mount, name), KIB));
        expect((await Promise.allSettled(others)).map(({ status }) => status)).toEqual(
          Array(4).fill('rejected'),
        );
        await appendFile(path, ' it');
      } finally {
        hung?.end();
      }
      while (isReadingFiles()) await new Promise((resolve) => setTimeout(resolve, 5));
      expect(String(await readNamedFile(join(mount, 'named'), KIB))).toBe('below');
      expect(String(await readNamedFile(path, KIB))).toBe('beside it');
    },
  );

  where('takes no turn from files elsewhere, however many of its files are named, by links too', async () => {
    const mount = join(directory, 'mount');
    for (const name of ['below', 'folder/below']) await mkdir(join(mount, name), { recursive: true });
    await symlink(join(mount, 'below', 'named'), join(directory, 'link'));
    await symlink('mount/folder', join(directory, 'folder'));
    await writeFile(path, 'beside');
    const hung = HungFileSystem.mount(mount);
    try {
      const names = ['link', 'folder/below/named', 'mount/named', 'mount/below/named', 'mount/other'];
      const reads = names.map((name) => readNamedFile(join(directory, name), KIB));
      const beside = readNamedFile(path, KIB);
      expect((await Promise.allSettled(reads)).map(({ status }) => status)).toEqual(
        Array(5).fill('rejected'),
      );
      expect(String(await beside)).toBe('beside');
      expect(String(await readNamedFile(path, KIB))).toBe('beside');
      const calls = process.getActiveResourcesInfo().filter((name) => name.startsWith('FSReq'));
      expect(calls).toHaveLength(1);
    } finally {
      hung?.end();
    }
    while (isReadingFiles()) await new Promise((resolve) => setTimeout(resolve, 5));
  });
});
