import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

/** How long a process may take until it listens, milliseconds: others use the machine too. */
const MAX_START_MS = 60_000;
/** How long it may take to end when it is asked to, milliseconds. */
const MAX_END_MS = 30_000;

/** A process that is killed and started again, under the same address. */
export class Phoenix {
  #child: ChildProcess | undefined;
  #exited: Promise<unknown> = Promise.resolve();
  #ending = false;
  /** How it ended when nobody had killed it. */
  readonly deaths: string[] = [];
  #starts = 0;

  /**
   * @param args - of node, for the start of this number
   * @param log - a file for what it writes
   */
  constructor(
    readonly name: string,
    private readonly args: (start: number) => readonly string[],
    private readonly environment: Readonly<Record<string, string>>,
    private readonly log: string,
  ) {}

  /** Whether there is a process, listening or not. */
  get isThere(): boolean {
    return this.#child !== undefined;
  }

  get isListening(): boolean {
    return this.#listening;
  }

  #listening = false;

  /** Starts it and waits until it says that it listens. */
  async start(): Promise<void> {
    this.#ending = false;
    this.#starts += 1;
    const child = spawn(process.execPath, this.args(this.#starts), {
      env: { ...(process.env.PATH === undefined ? {} : { PATH: process.env.PATH }), ...this.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    let said = '';
    const listening = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${this.name} does not listen:\n${said}`)),
        MAX_START_MS,
      );
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (bytes: Buffer) => {
          appendFileSync(this.log, bytes);
          said = `${said}${bytes.toString()}`.slice(-5_000);
          if (!said.includes('"msg":"listening"')) return;
          this.#listening = this.#child === child;
          resolve(clearTimeout(timer));
        });
      }
      child.once('exit', () => {
        clearTimeout(timer);
        // Killed while it started: that is what storms do.
        if (this.#ending) resolve();
        else reject(new Error(`${this.name} ended while it started:\n${said}`));
      });
    });
    this.#exited = once(child, 'exit').then(([code, signal]) => {
      if (this.#child === child) [this.#child, this.#listening] = [undefined, false];
      if (!this.#ending) this.deaths.push(`${this.name}, ${String(code ?? signal)}: ${said.slice(-1_000)}`);
    });
    await listening;
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.#ending = true;
    this.#child?.kill('SIGKILL');
    await this.#exited;
  }

  /** Asks it to end. @returns how it ended */
  async end(): Promise<string> {
    this.#ending = true;
    const child = this.#child;
    if (child === undefined) return 'was not there';
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), MAX_END_MS);
    await this.#exited;
    clearTimeout(timer);
    return String(child.exitCode ?? child.signalCode);
  }
}

/** A port that nobody has at present. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
