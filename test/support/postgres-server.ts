import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';

const KEEPER = fileURLToPath(new URL('./postgres-keeper.mjs', import.meta.url));
const HOST = '127.0.0.1';
/** How long a server may take to accept connections, milliseconds: a start after kill -9 recovers first. */
const MAX_START_MS = 60_000;

/**
 * A PostgreSQL server for one test file, which may break it. A separate process keeps it, so nothing
 * remains when the test dies. `TEST_POSTGRES_BIN` names the directory of the programs (scripts/test.mjs does).
 */
export class PostgresServer {
  private constructor(
    readonly directory: string,
    readonly port: number,
    private readonly keeper: ChildProcessWithoutNullStreams,
    private readonly answers: AsyncIterator<string>,
  ) {}

  /** A new, empty server that accepts connections. */
  static async start(): Promise<PostgresServer> {
    const binaries = process.env.TEST_POSTGRES_BIN;
    if (!binaries) throw new Error('TEST_POSTGRES_BIN does not say where the programs of PostgreSQL are');
    const owner = await unprivileged();
    const directory = await mkdtemp(join(tmpdir(), 'licentia-postgres-'));
    try {
      if (owner !== undefined) await chown(directory, owner.uid, owner.gid);
      const data = join(directory, 'data');
      const port = await freePort();
      await promisify(execFile)(
        join(binaries, 'initdb'),
        ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
        { ...owner, cwd: directory },
      );
      await appendFile(
        join(data, 'postgresql.conf'),
        `listen_addresses = '${HOST}'\nport = ${port}\nunix_socket_directories = '${directory}'\n` +
          'fsync = on\nshared_buffers = 16MB\nmax_connections = 40\n',
      );
      const keeper = spawn(
        process.execPath,
        [
          KEEPER,
          join(binaries, 'postgres'),
          directory,
          ...(owner === undefined ? [] : [`${owner.uid}`, `${owner.gid}`]),
        ],
        // In a group of its own: what interrupts the tests must not keep it from cleaning up.
        { detached: true, stdio: 'pipe' },
      );
      const answers = createInterface({ input: keeper.stdout })[Symbol.asyncIterator]();
      const server = new PostgresServer(directory, port, keeper, answers);
      await answers.next();
      await server.start();
      return server;
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
  }

  /** As a superuser, who needs no password. */
  get url(): string {
    return `postgres://postgres@${HOST}:${this.port}/postgres`;
  }

  /** Starts it again after {@link shutDown} or {@link kill}; resolves when it accepts connections. */
  async start(): Promise<void> {
    await this.launch();
    await this.accepts();
  }

  /** Starts it without waiting for anything. */
  async launch(): Promise<void> {
    await this.#tell('start');
  }

  /** Ends it in an orderly way: every connection is told. */
  async shutDown(): Promise<void> {
    await this.#tell('stop');
  }

  /** Kills every process of it at once, as a crash of the machine would. */
  async kill(): Promise<void> {
    await this.#tell('kill');
  }

  /** Stops every process of it: connections stay open and nothing answers. */
  async freeze(): Promise<void> {
    await this.#tell('freeze');
  }

  async thaw(): Promise<void> {
    await this.#tell('thaw');
  }

  /** Waits until it answers a query. */
  async accepts(): Promise<void> {
    const deadline = performance.now() + MAX_START_MS;
    for (;;) {
      try {
        await this.query('SELECT 1');
        return;
      } catch (error) {
        if (performance.now() > deadline) {
          const log = await readFile(join(this.directory, 'log'), 'utf8').catch(() => '');
          throw new Error(`the server does not accept connections:\n${log}`, { cause: error });
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  /** Runs a statement as a superuser, on a connection of its own. @param database - its name */
  async query<Row extends pg.QueryResultRow>(
    statement: string,
    parameters: unknown[] = [],
    database = 'postgres',
  ): Promise<Row[]> {
    const client = new pg.Client({ host: HOST, port: this.port, user: 'postgres', database });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<Row>(statement, parameters)).rows;
    } finally {
      await client.end();
    }
  }

  /** Changes a setting that needs no restart, for all connections. @param value - null for its default */
  async configure(setting: string, value: string | null): Promise<void> {
    await this.query(`ALTER SYSTEM ${value === null ? `RESET ${setting}` : `SET ${setting} = '${value}'`}`);
    await this.query('SELECT pg_reload_conf()');
  }

  /**
   * Makes the next start one of a standby that has nobody to follow and lets nobody in: `57P03`, what a server says
   * that is still starting. `false` makes it a usual one again.
   */
  async refuseEverybody(refuse: boolean): Promise<void> {
    const signal = join(this.directory, 'data', 'standby.signal');
    const settings = join(this.directory, 'data', 'postgresql.auto.conf');
    await writeFile(settings, refuse ? 'hot_standby = off\n' : '');
    if (!refuse) return rm(signal, { force: true });
    await writeFile(signal, '');
  }

  /** Makes it a standby that reads and has nobody to follow, until it is promoted (`pg_promote()`). It restarts. */
  async standBy(): Promise<void> {
    await this.shutDown();
    await writeFile(join(this.directory, 'data', 'standby.signal'), '');
    await this.start();
  }

  /** The end of it and of its files. */
  async stop(): Promise<void> {
    const ended = once(this.keeper, 'exit');
    this.keeper.stdin.end();
    await ended;
  }

  async #tell(word: string): Promise<void> {
    this.keeper.stdin.write(`${word}\n`);
    const { value, done } = await this.answers.next();
    if (done || value !== word) throw new Error(`the keeper of the server could not ${word}`);
  }
}

/** The user that the server runs as, because root may not run one. Undefined for the user of the tests. */
async function unprivileged(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const users = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const user = ['postgres', 'nobody'].map((name) => users.find((fields) => fields[0] === name)).find(Boolean);
  if (user === undefined) throw new Error('neither postgres nor nobody is a user of this machine');
  return { uid: Number(user[2]), gid: Number(user[3]) };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
