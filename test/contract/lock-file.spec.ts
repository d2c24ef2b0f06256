import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CHECK = join(ROOT, 'scripts/check-lockfile.mjs');
const SHA512 = `sha512-${'A'.repeat(86)}==`;

interface Files {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each test breaks something else in it
  readonly lock: any;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
  readonly manifest: any;
  readonly others: Record<string, string>;
}

/** What the check says of the repository's files with a change in them. */
function faultsWith(change: (files: Files) => void): string[] {
  const read = (name: string) => readFileSync(join(ROOT, name), 'utf8');
  const files: Files = {
    lock: JSON.parse(read('package-lock.json')),
    manifest: JSON.parse(read('package.json')),
    others: { '.npmrc': read('.npmrc') },
  };
  change(files);
  const directory = mkdtempSync(join(tmpdir(), 'licentia-lock-'));
  try {
    symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
    writeFileSync(join(directory, 'package-lock.json'), JSON.stringify(files.lock));
    writeFileSync(join(directory, 'package.json'), JSON.stringify(files.manifest));
    for (const [name, text] of Object.entries(files.others)) writeFileSync(join(directory, name), text);
    const { status, stderr } = spawnSync(process.execPath, [CHECK, directory], { encoding: 'utf8' });
    const faults = stderr.split('\n').filter((line) => line !== '');
    expect(status).toBe(faults.length > 0 ? 1 : 0);
    return faults;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const pg = ({ lock }: Files) => lock.packages['node_modules/pg'];
const jest = ({ lock }: Files) => lock.packages['node_modules/jest'];

describe('scripts/check-lockfile.mjs', () => {
  it('has nothing to say of the lock file as it is', () => {
    expect(faultsWith(() => undefined)).toEqual([]);
  });

  it.each<[string, (files: Files) => void, string]>([
    ['a package without a hash', (files) => delete pg(files).integrity, 'pg has not exactly one sha512'],
    [
      'a weak hash',
      (files) => (pg(files).integrity = `sha1-${'A'.repeat(27)}=`),
      'pg has not exactly one sha512',
    ],
    [
      'a weak hash beside a strong one',
      (files) => (pg(files).integrity += ' sha1-AA=='),
      'pg has not exactly one',
    ],
    ['a short hash', (files) => (pg(files).integrity = 'sha512-AAAA'), 'pg has not exactly one sha512'],
    [
      'an address',
      (files) => (jest(files).resolved = 'https://x.example/jest.tgz'),
      'jest names where it is',
    ],
    ['a link', (files) => (jest(files).link = true), 'jest is a link'],
    ['a bundled package', (files) => (jest(files).inBundle = true), 'jest comes inside another package'],
    [
      'a package that bundles',
      (files) => (pg(files).bundleDependencies = ['x']),
      'pg brings packages inside it',
    ],
    ['a range for a version', (files) => (pg(files).version = '^8.0.0'), 'pg has no exact version'],
    [
      'a place outside',
      ({ lock }) => (lock.packages['../x'] = { version: '1.0.0', integrity: SHA512 }),
      '../x is no place',
    ],
    [
      'a package for nobody',
      ({ lock }) => (lock.packages['node_modules/x-y'] = { version: '1.0.0', integrity: SHA512 }),
      'x-y is needed by nobody',
    ],
    ['a script at install', (files) => (pg(files).hasInstallScript = true), 'pg runs a script at install'],
    [
      'a script at install of a package that passes for one of development',
      (files) => Object.assign(pg(files), { hasInstallScript: true, dev: true }),
      'pg runs a script at install',
    ],
    [
      'a production package that is marked as development only',
      (files) => (pg(files).dev = true),
      'pg is marked as',
    ],
    ['another package under the name', (files) => (pg(files).name = 'gp'), 'pg is gp under another name'],
    [
      'a dependency from git',
      (files) => (pg(files).dependencies['pg-pool'] = 'github:x/y'),
      'pg wants something from',
    ],
    [
      'a license that is not in the list',
      (files) => (pg(files).license = 'AGPL-3.0-only'),
      'pg has a license that is not',
    ],
    [
      'an unclear license',
      (files) => (pg(files).license = '(MIT OR GPL-2.0)'),
      'pg has a license that is not',
    ],
    [
      'one version with two contents',
      ({ lock }) => {
        const twin = { ...lock.packages['node_modules/ms'], integrity: SHA512, dev: true };
        lock.packages['node_modules/jest/node_modules/ms'] = twin;
      },
      'are the same version with different content',
    ],
    [
      'a dependency of ours from git',
      ({ manifest, lock }) => {
        manifest.dependencies.pg = lock.packages[''].dependencies.pg = 'git+https://x.example/pg.git';
      },
      'package.json wants pg from somewhere else',
    ],
    [
      'a dependency of ours from a directory',
      ({ manifest, lock }) => {
        manifest.devDependencies.jest = lock.packages[''].devDependencies.jest = 'file:../jest';
      },
      'package.json wants jest from somewhere else',
    ],
    [
      'a dependency of ours by a tag',
      ({ manifest, lock }) => {
        manifest.devDependencies.jest = lock.packages[''].devDependencies.jest = 'latest';
      },
      'package.json wants jest from somewhere else',
    ],
    [
      'a dependency that was not locked',
      ({ manifest }) => (manifest.dependencies['left-pad'] = '^1.0.0'),
      'was not made from',
    ],
    [
      'an override that is not in force',
      ({ manifest }) => (manifest.overrides = { pg: '8.0.0' }),
      'pg is not the version',
    ],
    ['an override by a range', ({ manifest }) => (manifest.overrides = { pg: '>=8' }), 'no exact version'],
    ['scripts at install', ({ others }) => (others['.npmrc'] = 'fund=false\n'), 'lets packages run scripts'],
    [
      'another lock file',
      ({ others }) => (others['npm-shrinkwrap.json'] = '{}'),
      'npm-shrinkwrap.json would count',
    ],
    [
      'another package manager',
      ({ manifest }) => (manifest.packageManager = 'yarn@4.0.0'),
      'another package manager',
    ],
    ['a lock file of another version', ({ lock }) => (lock.lockfileVersion = 2), 'is not of version 3'],
  ])('refuses %s', (_, change, fault) => {
    expect(faultsWith(change)).toContainEqual(expect.stringContaining(fault));
  });
});
