import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ProvisioningFaultsError,
  readProvisioning,
} from '../../src/accounts/provisioning/provisioning-files.js';

describe('Provisioning files that cannot be used', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'licentia-provisioning-files-'));
    await writeFile(join(folder, 'a.yaml'), 'apiVersion: 1\n');
  });

  afterEach(() => rm(folder, { recursive: true }));

  const faultsOf = async (path: string) => {
    const error = await readProvisioning(path).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ProvisioningFaultsError);
    return error as ProvisioningFaultsError;
  };
  const broken = 'it cannot be read (EIO)';
  const version = 'apiVersion must be 2';

  it.each([
    // The kernel answers so where a disk or the server of a file system fails.
    ['is on a file system that fails', '/proc/self/mem', [broken], true],
    ['is on a file system that fails, beside others', '/proc/self/mem', [version, broken], true],
    ['is a link to nothing', '/nothing', [version, 'there is no such file', version], false],
    ['is too large', '/proc/kallsyms', [version, 'it has more than 256 KiB', version], false],
  ])(
    'are retried by a start only where a file system does not work: one %s',
    async (_, target, rules, passes) => {
      await symlink(target, join(folder, 'b.yaml'));
      await writeFile(join(folder, 'c.yaml'), 'apiVersion: 1\n');
      const error = await faultsOf(rules.length === 1 ? target : folder);
      expect([error.faults.map(({ rule }) => rule), error.isPassing]).toEqual([rules, passes]);
    },
  );

  it.each([
    ['nothing', '/nothing', 'there is no such file or folder'],
    ['what would be below a file', '/proc/version/below', 'it cannot be read (ENOTDIR)'],
    ['a folder without any', '/proc/self/fd', 'the folder has no file that ends with .yaml or .yml'],
  ])('are not retried where the path names %s', async (_, path, rule) => {
    const error = await faultsOf(path);
    expect([error.faults, error.isPassing]).toEqual([[{ file: path, line: 0, rule }], false]);
  });
});
