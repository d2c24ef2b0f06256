import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { copyDatabases } from '../support/database.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const NOBODY = 65_534;
const user = { uid: NOBODY, gid: NOBODY };
/** Another user has to be able to read the programs. */
const canBecome =
  process.getuid?.() === 0 && spawnSync(process.execPath, ['--check', MAIN], user).status === 0;

/** What is in a data directory and is not Postgres's; root makes it. */
const EXTRAS: [string, (data: string) => void][] = [
  ['a link to a directory of root', (data) => symlinkSync('/usr/share', join(data, 'archive'))],
  ['a link to itself', (data) => symlinkSync('loop', join(data, 'loop'))],
  ['a link to the data directory', (data) => symlinkSync('.', join(data, 'self'))],
  ['a note of root', (data) => writeFileSync(join(data, 'BACKUP_NOTE'), '', { mode: 0o644 })],
  ['the lost+found of a volume', (data) => mkdirSync(join(data, 'lost+found'), { mode: 0o700 })],
  ...['pg_wal', 'base', 'base/5', 'global', 'pg_xact'].map((name): [string, (data: string) => void] => [
    `that of ${name}`,
    (data) => mkdirSync(join(data, name, 'lost+found'), { mode: 0o700 }),
  ]),
];

(canBecome ? describe : describe.skip)('A data directory with files of other users (needs root)', () => {
  let directory: string;
  let pgdata: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'licentia-others-'));
    chmodSync(directory, 0o755);
    copyDatabases(directory);
    pgdata = join(directory, 'data', 'pglite', 'pgdata');
    execFileSync('chown', ['-R', `${NOBODY}:${NOBODY}`, join(directory, 'data')]);
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  /** Opens the database and closes it. */
  function migrate(options: object = user) {
    const env = { PATH: process.env.PATH };
    const { status, stderr } = spawnSync(process.execPath, [MAIN, '--migrate'], {
      ...{ cwd: directory, env, encoding: 'utf8', timeout: 60_000 },
      ...options,
    });
    return { status, stderr: String(stderr) };
  }

  it.each(EXTRAS)('is used with %s in it, twice', (_, make) => {
    make(pgdata);
    for (let start = 0; start < 2; start += 1) expect(migrate()).toEqual({ status: 0, stderr: '' });
  });

  it('is not opened with a postmaster.pid of root in it, and the end names that file', () => {
    writeFileSync(join(pgdata, 'postmaster.pid'), '', { mode: 0o600 });
    const { status, stderr } = migrate();
    expect(stderr).toContain(join(pgdata, 'postmaster.pid'));
    expect(status).toBe(1);
  });

  /** As Kubernetes does with `fsGroup` before a volume is used. */
  function share(mode: string): void {
    const database = join(directory, 'data', 'pglite');
    execFileSync('chown', ['-R', `60123:${NOBODY}`, database]);
    execFileSync('chmod', ['-R', 'g+rwX', database]);
    execFileSync('find', [database, '-type', 'd', '-exec', 'chmod', mode, '{}', '+']);
  }

  it('is used by a user whose group it is shared with, and by its owner again', () => {
    for (const uid of [NOBODY, 60_123]) {
      share('g+s');
      for (let start = 0; start < 2; start += 1)
        expect(migrate({ uid, gid: NOBODY })).toEqual({ status: 0, stderr: '' });
    }
  });

  it.each([
    ['root', 'g+s', {}],
    ['a user of another group', 'g+s,o+rx', { uid: NOBODY, gid: 60_124 }],
    ['a user of its group where that may not write', 'g+s,g-w', user],
    ['a user of its group without setgid', 'g-s', user],
  ])('is not used by %s', (_, mode, options) => {
    share(mode);
    const { status, stderr } = migrate(options);
    expect(stderr).toContain('is not used');
    expect(status).toBe(1);
  });
});
