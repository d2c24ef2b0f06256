import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NamedFileError } from '../../../src/config/named-file.js';
import { readLicenseFile } from '../../../src/licensing/sources/license-file.js';

describe('a file with a license', () => {
  let directory: string;
  let path: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'licentia-file-'));
    path = join(directory, 'license.jwt');
  });

  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  it.each(['', 'a.b.c', '\ufeff a.b.c\r\n\n'])(
    'of %j is read as it is: what is around a token is for others',
    async (content) => {
      await writeFile(path, content);
      expect(await readLicenseFile(path)).toBe(content);
    },
  );

  it('is read no further than a token can reach', async () => {
    await writeFile(path, 'a'.repeat(1024 * 1024));
    await expect(readLicenseFile(path)).rejects.toMatchObject({ code: 'too-large' });
  });

  it('is read through links, also after they were turned as Kubernetes does it', async () => {
    for (const [name, content] of [
      ['..first', 'a.b.c'],
      ['..second', 'd.e.f'],
    ] as const) {
      await mkdir(join(directory, name));
      await writeFile(join(directory, name, 'license.jwt'), content);
    }
    await symlink('..first', join(directory, '..data'));
    await symlink(join('..data', 'license.jwt'), path);
    expect(await readLicenseFile(path)).toBe('a.b.c');
    await symlink('..second', join(directory, '..next'));
    await rename(join(directory, '..next'), join(directory, '..data'));
    expect(await readLicenseFile(path)).toBe('d.e.f');
  });

  it.each<[string, () => Promise<void> | void]>([
    ['is not there', () => undefined],
    ['is a directory', () => mkdir(path)],
    ['is a named pipe that nobody writes to', () => void execFileSync('mkfifo', [path])],
    ['is a link to nothing', () => symlink('nowhere', path)],
    ['is a link to itself', () => symlink('license.jwt', path)],
  ])('that %s is unreadable, and the message names no path', async (_, make) => {
    await make();
    const error = await readLicenseFile(path).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NamedFileError);
    expect((error as Error).message).not.toContain(directory);
  });

  it('that may not be read is unreadable', async () => {
    await writeFile(path, 'a.b.c');
    await chmod(path, 0);
    // Root may read everything.
    if (process.getuid?.() === 0) expect(await readLicenseFile(path)).toBe('a.b.c');
    else await expect(readLicenseFile(path)).rejects.toThrow('EACCES');
  });
});
