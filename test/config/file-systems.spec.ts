import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { currentMounts, fileSystemOf, mountsIn } from '../../src/config/file-systems.js';
import { FileTurns } from '../../src/config/file-turns.js';

const LIST = `22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
90 22 0:44 / <here>/share rw,relatime - nfs4 server:/export rw
91 22 0:45 / <here>/a\\040share rw - fuse.hung hung rw
92 22 8:2 / <here>/disk rw - ext4 /dev/sdb1 rw
93 92 0:44 /some <here>/disk/share rw - nfs4 server:/export rw
94 22 0:46 /file <here>/single rw - nfs4 other:/export rw
95 22 0:1 / <here>/twice rw - ext4 /dev/sdc1 rw
96 95 0:47 / <here>/twice rw - nfs4 over:/it rw
`;

/** A path, and the device of its file system. */
const ROWS: [string, string][] = [
  ['plain', '8:1'],
  ['missing/also/missing', '8:1'],
  ['share/license.jwt', '0:44'],
  ['share', '0:44'],
  ['shared/license.jwt', '8:1'],
  ['a share/license.jwt', '0:45'],
  ['disk/license.jwt', '8:2'],
  ['disk/share/license.jwt', '0:44'],
  ['single', '0:46'],
  ['twice/license.jwt', '0:47'],
  ['to-share', '0:44'],
  ['to-share-by-two', '0:44'],
  ['folder/in-share/license.jwt', '0:44'],
  ['disk/back', '8:1'],
  ['share/../plain', '8:1'],
  ['loop', '8:1'],
];

describe('The file system of a path', () => {
  let here: string;

  beforeAll(async () => {
    here = await realpath(await mkdtemp(join(tmpdir(), 'licentia-mounts-')));
    for (const name of ['share', 'a share', 'disk/share', 'folder', 'twice'])
      await mkdir(join(here, name), { recursive: true });
    for (const name of ['plain', 'single']) await writeFile(join(here, name), '');
    await symlink('share/license.jwt', join(here, 'to-share'));
    await symlink(join(here, 'to-share'), join(here, 'to-share-by-two'));
    await symlink('../share', join(here, 'folder/in-share'));
    await symlink('../plain', join(here, 'disk/back'));
    await symlink('loop', join(here, 'loop'));
  });

  afterAll(async () => rm(here, { recursive: true }));

  it.each(ROWS)('of %s is %s', async (path, device) => {
    const mounts = mountsIn(LIST.replaceAll('<here>', here));
    expect(await fileSystemOf(join(here, path), new FileTurns(3), mounts)).toBe(device);
  });

  it('is its directory where the system has no list', async () => {
    const path = join(here, 'plain');
    expect(await fileSystemOf(path, new FileTurns(3), new Map())).toBe(dirname(path));
  });

  const where = process.platform === 'linux' ? it : it.skip;

  where('is told by the kernel', () => {
    expect(currentMounts().get('/')).toMatch(/^\d+:\d+$/);
  });
});
