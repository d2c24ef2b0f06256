import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isReadingFiles } from '../../src/config/file-deadline.js';
import { loadServiceConfig } from '../../src/config/service-config.js';
import { DatabaseUrl } from '../../src/database/database-url.js';
import { findPermanentFault } from '../../src/database/permanent-fault.js';
import { HungFileSystem } from '../support/hung-file-system.js';

/** AuthenticationCleartextPassword of PostgreSQL's protocol. */
const ASK = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]);
const NOT_READ = /the file of passwords .* cannot be used: it was not read within 2 s/;

const program = (name: string) => fileURLToPath(new URL(`../../dist/${name}.js`, import.meta.url));

describe('The file of passwords', () => {
  let directory: string;
  let file: string;
  /** Asks for a password, and hangs up. */
  let server: Server;
  let port: number;
  let passwords: string[];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'licentia-passwords-'));
    file = join(directory, 'pgpass');
    passwords = [];
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.write(ASK);
        socket.once('data', (message: Buffer) => {
          passwords.push(message.toString('utf8', 5, message.length - 1));
          socket.destroy();
        });
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  });

  afterEach(async () => {
    const closed = once(server, 'close');
    server.close();
    await closed;
    await rm(directory, { recursive: true, force: true });
  });

  const address = (credentials = 'app') => `postgres://${credentials}@127.0.0.1:${port}/licentia`;

  /** Connects as a program with this environment does. @returns why that failed */
  async function connect(environment: Record<string, string>): Promise<Error> {
    const { location } = loadServiceConfig({ DATABASE_URL: address(), ...environment }).database;
    if (location.kind !== 'postgres') throw new Error('it is no PostgreSQL server');
    const Client = new DatabaseUrl(location).clients();
    const client = new Client({ connectionTimeoutMillis: 4_000 });
    client.on('error', () => undefined);
    return client.connect().then(
      () => new Error('it connected'),
      (error: Error) => error,
    );
  }

  it.each([
    ['a line for the server', '127.0.0.1:<port>:licentia:app:right', 'right'],
    ['the first line that fits', 'h:1:d:u:no\r\n# text\r\n*:<port>:*:app:right\r\n*:*:*:*:no', 'right'],
    ['a password with separators', String.raw`*:*:*:*:a:b\:c\\d`, String.raw`a:b:c\d`],
    ['no line of another port', '*:1:*:*:no\n*:*:*:*:right', 'right'],
    ['no line without a password', '*:*:*:*:\n*:*:*:*:right', 'right'],
    ['no line of a user with a colon', '*:*:*:app\\:b:no\n*:*:*:*:right', 'right'],
  ])('gives %s', async (_, text, password) => {
    await writeFile(file, text.replaceAll('<port>', `${port}`), { mode: 0o600 });
    await connect({ PGPASSFILE: file });
    expect(passwords).toEqual([password]);
  });

  it('is ~/.pgpass where nothing else is said, and is read anew by each connection', async () => {
    const own = join(directory, '.pgpass');
    await writeFile(own, '*:*:*:*:first', { mode: 0o600 });
    await connect({ HOME: directory });
    await writeFile(own, '*:*:*:*:second');
    await connect({ HOME: directory });
    expect(passwords).toEqual(['first', 'second']);
  });

  it('does not count where the address has a password, or PGPASSWORD is set', async () => {
    await writeFile(file, '*:*:*:*:file', { mode: 0o600 });
    await connect({ PGPASSFILE: file, DATABASE_URL: address('app:own') });
    await connect({ PGPASSFILE: file, PGPASSWORD: '' });
    expect(passwords).toEqual(['own', '']);
  });

  it('is named in a permanent fault where others can read it, or it is none', async () => {
    await writeFile(file, '*:*:*:*:secret');
    await chmod(file, 0o644);
    for (const [path, words] of [
      [file, 'others have access to it: give it the mode 0600'],
      [directory, 'it is a directory'],
    ] as const) {
      const error = await connect({ PGPASSFILE: path });
      expect(error.message).toContain(`the file of passwords ${path} cannot be used: ${words}`);
      expect(findPermanentFault(error)?.reason).toBe('credentials-refused');
    }
    expect(passwords).toEqual([]);
  });

  describe('on a file system that hangs', () => {
    const mount = join(tmpdir(), `licentia-hung-passwords-${process.pid}`);
    const where = HungFileSystem.isPossible(mount) ? it : it.skip;
    let hung: HungFileSystem | undefined;

    beforeEach(async () => {
      await mkdir(mount);
      hung = HungFileSystem.mount(mount);
    });

    afterEach(async () => {
      hung?.end();
      await settled();
      await rm(mount, { recursive: true, force: true });
    });

    where('fails each connection, and leaves threads for other files', async () => {
      const PGPASSFILE = join(mount, 'pgpass');
      const errors = await Promise.all(Array.from({ length: 6 }, async () => connect({ PGPASSFILE })));
      expect((await stat(directory)).isDirectory()).toBe(true);
      for (const error of errors) {
        expect(error.message).toMatch(NOT_READ);
        expect(findPermanentFault(error)).toBeUndefined();
      }
    });

    where(
      'goes on with what was read before, which a missing or open file ends',
      async () => {
        const PGPASSFILE = join(mount, 'pgpass');
        hung?.end();
        await writeFile(PGPASSFILE, '*:*:*:*:before', { mode: 0o600 });
        await connect({ PGPASSFILE });
        hung = HungFileSystem.mount(mount);
        await connect({ PGPASSFILE });
        await connect({ PGPASSFILE });
        expect(passwords).toEqual(['before', 'before', 'before']);
        hung?.end();
        await settled();
        await chmod(PGPASSFILE, 0o644);
        expect((await connect({ PGPASSFILE })).message).toContain('others have access to it');
        hung = HungFileSystem.mount(mount);
        expect((await connect({ PGPASSFILE })).message).toMatch(NOT_READ);
        expect(passwords).toHaveLength(3);
      },
      30_000,
    );

    where.each([
      ['--migrate', 'main', ['--migrate']],
      ['--export', 'main', ['--export', 'export']],
      ['the issuer’s --migrate', 'issuer-server/main', ['--migrate']],
      ['licentia issuer list', 'cli/main', ['issuer', 'list']],
    ])('ends %s with a sentence that names it', async (_, main, args) => {
      const child = spawn(process.execPath, [program(main), ...args], {
        cwd: directory,
        env: { PATH: process.env.PATH, DATABASE_URL: address(), PGPASSFILE: join(mount, 'pgpass') },
        stdio: ['ignore', 'ignore', 'pipe'],
        timeout: 30_000,
        killSignal: 'SIGKILL',
      });
      let stderr = '';
      child.stderr.on('data', (bytes: Buffer) => (stderr += String(bytes)));
      const [code] = (await once(child, 'close')) as [number | null];
      expect(stderr).toMatch(NOT_READ);
      expect(code).toBe('execve' in process ? 1 : null);
    });

    async function settled(): Promise<void> {
      while (isReadingFiles()) await new Promise((resolve) => setTimeout(resolve, 10));
    }
  });
});
