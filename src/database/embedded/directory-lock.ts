import { randomBytes } from 'node:crypto';
import { chmod, open, readdir, rename, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** What the holder of a lock tells of itself; nothing of it is known when it doesn't answer. */
export interface LockHolder {
  pid?: number;
  hostname?: string;
  /** Whole seconds since its process started. */
  uptimeSeconds?: number;
  /** False while it is still finding out whether it has the lock. */
  holding?: boolean;
}

/** Another process, or another data source of this one, has the directory open. */
export class EmbeddedDirectoryInUseError extends Error {
  readonly code = 'EMBEDDED_DIRECTORY_IN_USE';

  constructor(
    readonly directory: string,
    readonly holder: LockHolder,
  ) {
    const who =
      holder.pid === undefined
        ? 'a process that does not answer'
        : `process ${holder.pid} on host ${holder.hostname}, which started ${holder.uptimeSeconds} s ago`;
    super(
      `The embedded database directory ${directory} is in use by ${who}. ` +
        'Stop that process, or give this one a directory of its own.',
    );
    this.name = 'EmbeddedDirectoryInUseError';
  }
}

const SOCKET_NAME = /^lock-[0-9a-f]{16}\.sock$/;
/** A socket's path has room for 104 bytes or a little more, its end included. */
const SOCKET_PATH_BYTES = 100;
const ANSWER_TIMEOUT_MILLIS = 1_000;
const RIVAL_POLL_MILLIS = 20;

/**
 * The exclusive right to a directory, for as long as this process lives.
 *
 * The lock is a listening unix socket inside the directory: the kernel closes it with its process, it is seen across
 * containers that share a volume, and it can be asked who holds it. Every attempt listens under a name of its own that
 * is never used again, so removing a dead one can't hit a live one, and only then looks for others; of two attempts
 * at least one sees the other. A holder always wins; between two that are both still looking, the lower name does.
 *
 * It does not reach across machines: the directory has to be on a file system of this one.
 */
export class DirectoryLock {
  readonly #name = `lock-${randomBytes(8).toString('hex')}.sock`;
  readonly #server: Server;
  #holding = false;

  private constructor(private readonly directory: string) {
    this.#server = createServer((socket) => {
      const holder: LockHolder = {
        pid: process.pid,
        hostname: hostname(),
        uptimeSeconds: Math.round(process.uptime()),
        holding: this.#holding,
      };
      socket.on('error', () => undefined).unref();
      socket.end(JSON.stringify(holder));
    }).unref();
  }

  /**
   * @param directory an existing directory that this process may write to.
   * @throws EmbeddedDirectoryInUseError when a living process has it; a plain error when no socket can be made there.
   */
  static async acquire(directory: string): Promise<DirectoryLock> {
    const lock = new DirectoryLock(directory);
    try {
      await atRoot(directory, async (root) => {
        await lock.#listen(root);
        await lock.#outlast(root);
      });
      return lock;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /**
   * Looks whether a process has a directory open, without a file of its own in it.
   * @throws EmbeddedDirectoryInUseError
   */
  static async assertFree(directory: string): Promise<void> {
    await atRoot(directory, async (root) => {
      for (const name of (await readdir(root)).filter((entry) => SOCKET_NAME.test(entry))) {
        const holder = await ask(join(root, name));
        if (holder && holder.holding !== false) throw new EmbeddedDirectoryInUseError(directory, holder);
      }
    });
  }

  /** Lets the next one in. A socket that cannot be removed is dead: the next one does it. */
  async release(): Promise<void> {
    this.#server.close();
    await rm(join(this.directory, this.#name), { force: true }).catch(() => undefined);
  }

  /** Shows the socket only once it listens: between bind and listen it would look dead to others. */
  async #listen(root: string): Promise<void> {
    const hidden = join(root, `${this.#name}.new`);
    if (Buffer.byteLength(hidden) > SOCKET_PATH_BYTES) {
      throw new Error(
        `The name of the embedded database directory ${this.directory} is too long for its lock.`,
      );
    }
    try {
      await new Promise<void>((resolve, reject) => {
        this.#server.on('error', reject).listen(hidden, resolve);
      });
      await chmod(hidden, 0o600);
      await rename(hidden, join(root, this.#name));
    } catch (cause) {
      throw new Error(
        `The lock of the embedded database can't be made in ${this.directory} (${(cause as Error).message}): ` +
          'it needs a writable directory on a local file system with unix sockets.',
        { cause },
      );
    }
  }

  /** Returns when no other attempt is left; throws when this one has to give way. */
  async #outlast(root: string): Promise<void> {
    for (let rivals = true; rivals;) {
      rivals = false;
      for (const name of await readdir(root)) {
        if (!SOCKET_NAME.test(name) || name === this.#name) continue;
        const rival = await ask(join(root, name));
        if (!rival) {
          await rm(join(root, name), { force: true });
        } else if (rival.holding !== false || name < this.#name) {
          throw new EmbeddedDirectoryInUseError(this.directory, rival);
        } else {
          rivals = true;
        }
      }
      if (rivals) await delay(RIVAL_POLL_MILLIS);
    }
    this.#holding = true;
  }
}

/** Through the open directory its own name doesn't count against the length of a socket's path. */
async function atRoot(directory: string, work: (root: string) => Promise<void>): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await work(process.platform === 'linux' ? `/proc/self/fd/${handle.fd}` : directory);
  } finally {
    await handle.close();
  }
}

/** What the process behind a socket tells of itself, or undefined when there is none. */
function ask(path: string): Promise<LockHolder | undefined> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(path);
    socket.setEncoding('utf8');
    socket.setTimeout(ANSWER_TIMEOUT_MILLIS, () => {
      resolve({});
      socket.destroy();
    });
    socket.on('data', (text: string) => (answer += text));
    socket.on('end', () => resolve(parseHolder(answer)));
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      if (code === 'ECONNREFUSED' || code === 'ENOENT') resolve(undefined);
      // It hung up between the two: the next look tells whether it is gone.
      else resolve(code === 'ECONNRESET' ? { holding: false } : {});
    });
  });
}

function parseHolder(answer: string): LockHolder {
  try {
    return JSON.parse(answer) as LockHolder;
  } catch {
    return {};
  }
}
