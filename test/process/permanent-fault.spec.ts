import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DirectoryLock } from '../../src/database/embedded/directory-lock.js';
import { embeddedDatabase } from '../support/database.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const ISSUER_SERVER = fileURLToPath(new URL('../../dist/issuer-server/main.js', import.meta.url));
const QUICKSTART = fileURLToPath(new URL('../../dist/quickstart.js', import.meta.url));

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

const PROGRAMS: [string, string, ...string[]][] = [
  ['the service', MAIN],
  ['its --migrate', MAIN, '--migrate'],
  ['its --export', MAIN, '--export', '/dev/null'],
  ['the issuer', ISSUER_SERVER],
  ['the issuer’s --migrate', ISSUER_SERVER, '--migrate'],
  ['the quickstart', QUICKSTART],
];

const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;
/** Root may write anywhere: it becomes another user, who has to be able to read the programs. */
const user = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
const hasUnprivileged = !isRoot || spawnSync(process.execPath, ['--check', MAIN], user).status === 0;

const hasBindfs = spawnSync('bindfs', ['--version']).status === 0;

/** What a restore by another user leaves, as modes. */
const DENIALS: [string, number][] = [
  ['global/pg_control', 0o000],
  ['base/5/2658', 0o400],
  ['base', 0o000],
  ['base/5', 0o500],
  ['base/5/1259', 0o400],
  ['global', 0o500],
  ['pg_logical/snapshots', 0o500],
  ['pg_wal', 0o500],
  ['pg_xact/0000', 0o400],
];

describe('A data directory that can never be used', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'licentia-permanent-'));
    await chmod(directory, 0o555);
  });

  afterEach(async () => {
    await chmod(directory, 0o755);
    await rm(directory, { recursive: true, force: true });
  });

  /** Runs a program where its data directory would be made. @returns its exit code and what it wrote */
  async function run(program: string, args: readonly string[], options: object) {
    const said = { stdout: '', stderr: '' };
    const child = spawn(process.execPath, [program, ...args], {
      cwd: directory,
      env: { PATH: process.env.PATH, PORT: '38471' },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000,
      ...options,
    });
    child.stdout?.on('data', (bytes: Buffer) => (said.stdout += String(bytes)));
    child.stderr?.on('data', (bytes: Buffer) => (said.stderr += String(bytes)));
    const code = await new Promise((resolve) => child.on('close', resolve));
    return { code, ...said };
  }

  (hasUnprivileged ? describe : describe.skip)(
    'as it may not be written to (needs a user other than root)',
    () => {
      it.each(PROGRAMS)('ends %s with 1 and one sentence', async (_, program, ...args) => {
        const { code, stdout, stderr } = await run(program, args, user);
        expect(stderr).toMatch(
          /^The directory of the embedded database cannot be used: EACCES: [^\n]*\. Let the user of this process [^\n]*\n$/,
        );
        expect(stdout).not.toContain('    at ');
        expect(code).toBe(1);
      });

      it.each(DENIALS)(
        'or as its %s may not be, ends the service with 1 and the path',
        async (name, mode) => {
          await chmod(directory, 0o755);
          const database = await embeddedDatabase();
          const copy = join(directory, 'data', 'pglite');
          await cp((database.location as { directory: string }).directory, copy, { recursive: true });
          await database.drop();
          if (isRoot) execFileSync('chown', ['-R', `${NOBODY}`, join(directory, 'data')]);
          const denied = join(copy, 'pgdata', name);
          await chmod(denied, mode);
          const { code, stderr } = await run(MAIN, [], user);
          await chmod(denied, 0o700);
          expect(stderr).toMatch(
            /^The directory of the embedded database cannot be used: [^\n]*ermission denied[^\n]*\. Let the user of this process [^\n]*\n$/,
          );
          expect(stderr).toContain(name);
          expect(code).toBe(1);
        },
      );
    },
  );

  it.each(PROGRAMS)('as a part of its path is a file, ends %s with 1', async (_, program, ...args) => {
    await chmod(directory, 0o755);
    await writeFile(join(directory, 'data'), '');
    const { code, stderr } = await run(program, args, {});
    expect(stderr).toMatch(
      /^The directory of the embedded database cannot be used: [^\n]*\b(?:ENOTDIR|is no directory)\b[^\n]*\n$/,
    );
    expect(code).toBe(1);
  });

  const canMount = isRoot && mounts();
  (canMount ? it : it.skip)(
    'as its file system is read-only, ends the service with 1 (needs root)',
    async () => {
      await chmod(directory, 0o755);
      const mount = join(directory, 'data');
      await mkdir(mount);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro,size=64k', 'none', mount]);
      try {
        const { code, stderr } = await run(MAIN, [], {});
        expect(stderr).toMatch(
          /^The directory of the embedded database cannot be used: EROFS: [^\n]*read-only[^\n]*\n$/,
        );
        expect(code).toBe(1);
      } finally {
        execFileSync('umount', [mount]);
      }
    },
  );

  const canGiveAway = isRoot && hasUnprivileged;
  (canGiveAway ? describe : describe.skip)('as it is another user’s (needs root)', () => {
    const give = (path: string, owner = `${NOBODY}`) => execFileSync('chown', ['-R', owner, path]);
    const databases = () => ['pglite', 'authority'].map((name) => join(directory, 'data', name));

    beforeEach(async () => chmod(directory, 0o755));

    /** Makes directories of nobody. @returns what tells that root left nothing there */
    async function ofNobody(...paths: string[]): Promise<() => string> {
      for (const path of paths) await mkdir(path, { recursive: true });
      give(join(directory, 'data'));
      const list = () => String(execFileSync('find', [directory, '-printf', '%p %U %m\n']));
      const before = list();
      return () => list().replace(before, '');
    }

    it.each([...PROGRAMS, ['the doctor', CLI, 'doctor'], ['a command of the issuer', CLI, 'issuer', 'list']])(
      'ends %s that root runs with 1 and one sentence, and makes nothing',
      async (_, program, ...args) => {
        const made = await ofNobody(...databases().map((path) => join(path, 'pgdata')));
        const { code, stdout, stderr } = await run(program, args, {});
        expect(stdout + stderr).toMatch(
          /The embedded database in \S+ is not used: \S+\/pgdata belongs to the user nobody, and this process runs as root\..*\(sudo -u nobody …\)/,
        );
        expect(code).not.toBe(0);
        expect(made()).toBe('');
      },
    );

    it.each([
      ['an empty directory', ['data/pglite']],
      ['a directory that is missing, in one', ['data']],
    ])('ends the first start by root in %s of another user', async (_, names) => {
      const made = await ofNobody(...names.map((name) => join(directory, name)));
      const { code, stderr } = await run(MAIN, [], {});
      expect(stderr).toMatch(/is not used: \S+ belongs to the user nobody, .*chown -R 0 /);
      expect([code, made()]).toEqual([1, '']);
    });

    it('names the command for a user that this machine does not know', async () => {
      await mkdir(join(directory, 'data/pglite/pgdata'), { recursive: true });
      give(join(directory, 'data'), '60123:60124');
      const { code, stderr } = await run(MAIN, [], {});
      expect(stderr).toContain('belongs to the user 60123, and');
      expect(stderr).toContain('(setpriv --reuid=60123 --regid=60124 --clear-groups …)');
      expect(code).toBe(1);
    });

    it('says to root that its owner’s process has it open', async () => {
      const [database = ''] = databases();
      await ofNobody(join(database, 'pgdata'));
      const lock = await DirectoryLock.acquire(database);
      try {
        const { code, stderr } = await run(MAIN, [], {});
        expect(stderr).toContain(`in use by process ${process.pid}`);
        expect(code).toBe(1);
      } finally {
        await lock.release();
      }
    });

    it.each([0o700, 0o777])(
      'ends the service of another user than root too, with the modes %o',
      async (mode) => {
        await ofNobody(...databases());
        const data = join(directory, 'data/pglite/pgdata');
        await mkdir(data);
        await chmod(data, mode);
        const { code, stderr } = await run(MAIN, [], user);
        expect(stderr).toMatch(
          /pgdata belongs to the user root, and this process runs as nobody\..*\(sudo -u root …\)/,
        );
        expect(code).toBe(1);
      },
    );

    (hasBindfs ? it : it.skip)(
      'takes it where everything on its file system has one owner (needs bindfs)',
      async () => {
        const [behind, mounted] = [join(directory, 'behind'), join(directory, 'data')];
        for (const path of [behind, mounted]) await mkdir(path);
        execFileSync('bindfs', [`--force-user=${NOBODY}`, '--perms=u+rwX,go+rwX', behind, mounted]);
        try {
          for (let start = 0; start < 2; start += 1)
            expect(await run(MAIN, ['--migrate'], {})).toMatchObject({ code: 0, stderr: '' });
        } finally {
          execFileSync('umount', [mounted]);
        }
      },
    );

    it('takes the root of a volume that others may write to', async () => {
      await mkdir(join(directory, 'data/pglite'), { recursive: true });
      await chmod(join(directory, 'data/pglite'), 0o777);
      const { code, stderr } = await run(MAIN, ['--migrate'], user);
      expect([code, stderr]).toEqual([0, '']);
    });
  });
});

function mounts(): boolean {
  return spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;
}
