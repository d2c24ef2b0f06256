import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { embeddedDatabase, type TestDatabase } from '../support/database.js';
import { HungFileSystem } from '../support/hung-file-system.js';

const program = (name: string) => fileURLToPath(new URL(`../../dist/${name}.js`, import.meta.url));
const SERVICE = program('main');
const ISSUER = program('issuer-server/main');
const QUICKSTART = program('quickstart');

/** A program, the setting that names a file which hangs, and the words that say so. `<to it>` is a file with `<address>` in it. */
const ROWS: [string, string, string[], string, string, string][] = [
  [
    'the service',
    SERVICE,
    [],
    'ADMIN_PASSWORD_FILE',
    '<file>',
    'ADMIN_PASSWORD cannot be read from ADMIN_PASSWORD_FILE',
  ],
  ['the service by its address', SERVICE, [], 'DATABASE_URL', '<address>', 'DATABASE_URL has an sslrootcert'],
  [
    'its --check-config',
    SERVICE,
    ['--check-config'],
    'ISSUER_CA_PATH',
    '<file>',
    'ISSUER_CA_PATH names a file',
  ],
  ['its --migrate', SERVICE, ['--migrate'], 'DATABASE_CA_PATH', '<file>', 'DATABASE_CA_PATH names a file'],
  [
    'its --export',
    SERVICE,
    ['--export', '/dev/null'],
    'DATABASE_URL_FILE',
    '<file>',
    'DATABASE_URL cannot be read',
  ],
  [
    'the issuer',
    ISSUER,
    [],
    'ISSUER_KEY_ENCRYPTION_KEY_FILE',
    '<file>',
    'ISSUER_KEY_ENCRYPTION_KEY cannot be read',
  ],
  [
    'the issuer’s --check-config',
    ISSUER,
    ['serve', '--check-config'],
    'DATABASE_CA_PATH',
    '<file>',
    'DATABASE_CA_PATH names',
  ],
  [
    'the issuer’s --migrate',
    ISSUER,
    ['--migrate'],
    'DATABASE_URL_FILE',
    '<file>',
    'DATABASE_URL cannot be read from DATABASE_URL_FILE',
  ],
  [
    'the issuer’s --migrate by its address',
    ISSUER,
    ['--migrate'],
    'DATABASE_URL_FILE',
    '<to it>',
    'DATABASE_URL has an sslrootcert that names a file',
  ],
  ['the quickstart', QUICKSTART, [], 'BOOTSTRAP_TOKEN_FILE', '<file>', 'BOOTSTRAP_TOKEN cannot be read'],
];

/** Runs a program to its end. */
async function run(directory: string, main: string, args: readonly string[], settings: object) {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: directory,
    env: { PATH: process.env.PATH, PORT: '0', ADMIN_USER: 'admin', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A start that hangs needs it. One that works has ended long before.
    timeout: 30_000,
    killSignal: 'SIGKILL',
  });
  child.stdout.resume();
  let stderr = '';
  child.stderr.on('data', (bytes: Buffer) => (stderr += String(bytes)));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stderr };
}

describe('A file that is read at the start and hangs with its file system', () => {
  const mount = join(tmpdir(), `licentia-hung-settings-${process.pid}`);
  const where = HungFileSystem.isPossible(mount) ? it : it.skip;
  const file = join(mount, 'named');
  let hung: HungFileSystem | undefined;
  let directory: string;
  let ends: ReturnType<typeof run>[] = [];

  /** All at once: each waits for most of its time. */
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'licentia-hung-'));
    await mkdir(mount);
    hung = HungFileSystem.mount(mount);
    const address = `postgres://user@127.0.0.1:1/none?sslrootcert=${file}`;
    await writeFile(join(directory, 'address'), address);
    const values: Record<string, string> = {
      '<file>': file,
      '<address>': address,
      '<to it>': join(directory, 'address'),
    };
    if (hung !== undefined)
      ends = ROWS.map(async ([, main, args, name, value]) =>
        run(directory, main, args, { [name]: values[value] }),
      );
  });

  afterAll(async () => {
    await Promise.all(ends);
    hung?.end();
    await rm(mount, { recursive: true, force: true });
    await rm(directory, { recursive: true, force: true });
  });

  where.each(ROWS.map(([title, , , , , words], index) => ({ title, words, index })))(
    'ends $title with a sentence that names setting and path',
    async ({ words, index }) => {
      const end = await ends[index];
      const sentence = `${words}.*: ${file} was not read within 2 s: [^\\n]*\\n`;
      expect(end?.stderr).toMatch(new RegExp(`^The configuration cannot be used:\\n  - ${sentence}`));
      expect(end?.code).toBe('execve' in process ? 1 : null);
    },
  );
});

describe('An embedded directory whose file system hangs', () => {
  const mount = join(tmpdir(), `licentia-hung-directory-${process.pid}`);
  const where = HungFileSystem.isPossible(mount) ? it : it.skip;
  const ADMIN = { ADMIN_PASSWORD: 'correct horse battery' };
  const DIRECTORY_ROWS: [string, string, string[]][] = [
    ['the service', SERVICE, []],
    ['its --migrate', SERVICE, ['--migrate']],
    ['its --export', SERVICE, ['--export', 'export']],
    ['its --import', SERVICE, ['--import', 'import']],
    ['the issuer', ISSUER, []],
    ['the issuer’s --migrate', ISSUER, ['--migrate']],
  ];
  let hung: HungFileSystem | undefined;
  let directory: string;
  let database: TestDatabase;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'licentia-hung-'));
    database = await embeddedDatabase();
    await writeFile(join(directory, 'import'), '{}');
    await mkdir(mount);
    hung = HungFileSystem.mount(mount);
  });

  afterAll(async () => {
    hung?.end();
    await rm(mount, { recursive: true, force: true });
    await rm(directory, { recursive: true, force: true });
    await database.drop();
  });

  where.each(DIRECTORY_ROWS)('ends %s with a sentence that names it', async (_, main, args) => {
    const { code, stderr } = await run(directory, main, args, {
      ...ADMIN,
      DATABASE_URL: `pglite://${mount}`,
    });
    expect(stderr).toMatch(
      new RegExp(
        `^The embedded database in ${mount} cannot be opened: ${mount} did not answer within 2 s, [^\\n]*\n`,
      ),
    );
    expect(code).toBe('execve' in process ? 1 : null);
  });

  where('does so of the quickstart, before it looks at anything else in ./data', async () => {
    const data = join(directory, 'data');
    const hungData = HungFileSystem.mount(data);
    try {
      const { stderr } = await run(directory, QUICKSTART, [], { ...ADMIN, PORT: '7470' });
      expect(stderr).toMatch(
        new RegExp(
          `^The embedded database in (${data}/\\w+) cannot be opened: \\1 did not answer within 2 s, `,
        ),
      );
    } finally {
      hungData?.end();
    }
  });

  where('does so where only a part of it hangs', async () => {
    const place = database.url.replace('pglite://', '');
    const part = join(place, 'pgdata', 'pg_wal');
    const hungPart = HungFileSystem.mount(part);
    try {
      const { stderr } = await run(directory, SERVICE, [], { ...ADMIN, DATABASE_URL: database.url });
      expect(stderr).toContain(`The embedded database in ${place} cannot be opened: ${part} did not answer`);
    } finally {
      hungPart?.end();
    }
  });
});
