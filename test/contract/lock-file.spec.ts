import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CHECK = fileURLToPath(new URL('../../scripts/check-lockfile.mjs', import.meta.url));
const integrity = `sha512-${'A'.repeat(86)}==`;
const good = { version: '1.0.0', integrity, license: 'MIT' };

/** Each wrong in one way, with what the check says of it. */
const FAULTY: Readonly<Record<string, readonly [entry: object, fault: string]>> = {
  'no-hash': [{ ...good, integrity: undefined }, 'has not exactly one sha512'],
  'weak-hash': [{ ...good, integrity: `sha1-${'A'.repeat(27)}=` }, 'has not exactly one sha512'],
  'two-hashes': [{ ...good, integrity: `${integrity} sha1-AA==` }, 'has not exactly one sha512'],
  'short-hash': [{ ...good, integrity: 'sha512-AAAA' }, 'has not exactly one sha512'],
  'from-git': [{ ...good, resolved: 'git+ssh://git@x.example/y.git#1' }, 'names where it is downloaded'],
  linked: [{ ...good, link: true }, 'is a link'],
  bundled: [{ ...good, inBundle: true }, 'comes inside another package, or brings others'],
  bundling: [{ ...good, bundleDependencies: ['x'] }, 'comes inside another package, or brings others'],
  scripted: [{ ...good, hasInstallScript: true }, 'runs a script at install'],
  'optional-scripted': [{ ...good, optional: true, hasInstallScript: true }, 'runs a script at install'],
  alias: [{ ...good, name: 'other' }, 'is other under another name'],
  copyleft: [{ ...good, license: 'AGPL-3.0-only' }, 'has a license that is not in the list: AGPL-3.0-only'],
  'two-licenses': [
    { ...good, license: '(MIT OR GPL-2.0)' },
    'has a license that is not in the list: (MIT OR GPL-2.0)',
  ],
  unlicensed: [{ ...good, license: undefined }, 'has a license that is not in the list: none is named'],
};

/** Right, however they look. */
const FINE = {
  'node_modules/plain': good,
  'node_modules/plain/node_modules/inner': { ...good, license: 'ISC' },
  // Its package.json has the old form.
  'node_modules/old-form': { ...good, license: undefined },
  'node_modules/tool': { ...good, dev: true, hasInstallScript: true, license: 'CC-BY-4.0', name: 'other' },
};

describe('scripts/check-lockfile.mjs', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'licentia-lock-'));
    write('.npmrc', 'fund=false\nignore-scripts=true\n');
    write(
      'package.json',
      JSON.stringify({ dependencies: { plain: '^1.0.0', 'old-form': '1.x || >=2.0.0-0' } }),
    );
    mkdirSync(join(directory, 'node_modules/old-form'), { recursive: true });
    write('node_modules/old-form/package.json', JSON.stringify({ licenses: [{ type: 'MIT' }] }));
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  const write = (name: string, text: string) => writeFileSync(join(directory, name), text);

  function check(packages: object): { status: number | null; stdout: string; stderr: string } {
    write('package-lock.json', JSON.stringify({ lockfileVersion: 3, packages: { '': {}, ...packages } }));
    return spawnSync(process.execPath, [CHECK, directory], { encoding: 'utf8' });
  }

  it('has nothing to say of packages with one hash each and licenses of the list', () => {
    expect(check(FINE)).toMatchObject({
      status: 0,
      stdout: '4 packages, 3 of them in production: each by its sha512.\n',
      stderr: '',
    });
  });

  it('names each fault of each package', () => {
    const entries = Object.entries(FAULTY);
    const packages = Object.fromEntries(entries.map(([name, [entry]]) => [`node_modules/${name}`, entry]));
    const { status, stderr } = check({ ...FINE, ...packages });
    expect(status).toBe(1);
    expect(stderr.split('\n').filter(Boolean)).toEqual(
      entries.map(([name, [, fault]]) => `node_modules/${name} ${fault}`),
    );
  });

  it('names dependencies of ours from anywhere but the registry, and scripts that would run at install', () => {
    write('.npmrc', 'fund=false\n');
    const elsewhere = {
      git: 'git+https://x.example/pg.git',
      hub: 'github:x/y',
      here: 'file:../jest',
      tag: 'latest',
    };
    write('package.json', JSON.stringify({ devDependencies: elsewhere }));
    const { status, stderr } = check(FINE);
    expect(status).toBe(1);
    expect(stderr.split('\n').filter(Boolean)).toEqual([
      '.npmrc lets packages run scripts at install',
      ...Object.entries(elsewhere).map(
        ([name, range]) => `package.json wants ${name} from somewhere else: ${range}`,
      ),
    ]);
  });
});
