import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { BOOTSTRAP_TOKEN } from './service.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const ISSUER_SERVER = fileURLToPath(new URL('../../dist/issuer-server/main.js', import.meta.url));

/** The built service as a process of its own, the way an operator runs it. */
export class ServiceProcess {
  readonly #lines: string[] = [];

  private constructor(
    private readonly child: ChildProcess,
    private readonly exited: Promise<number | null>,
  ) {}

  /** Starts it and waits until it listens. @throws when it ends before that; the error has what it said */
  static async start(environment: Readonly<Record<string, string>>): Promise<ServiceProcess> {
    const service = ServiceProcess.spawn(environment);
    await service.said('listening');
    return service;
  }

  /** Starts it without waiting. */
  static spawn(environment: Readonly<Record<string, string>>, ...args: string[]): ServiceProcess {
    return ServiceProcess.#run(MAIN, environment, args);
  }

  /** The same with the issuer, whose settings are other ones. */
  static spawnIssuer(environment: Readonly<Record<string, string>>, ...args: string[]): ServiceProcess {
    return ServiceProcess.#run(ISSUER_SERVER, environment, args);
  }

  static #run(
    program: string,
    environment: Readonly<Record<string, string>>,
    args: readonly string[],
  ): ServiceProcess {
    const child = spawn(process.execPath, [program, ...args], {
      env: {
        PATH: process.env.PATH,
        PORT: '0',
        BOOTSTRAP_TOKEN,
        RATE_LIMIT_WRITES_PER_MINUTE: '1000000',
        RATE_LIMIT_ALL_WRITES_PER_MINUTE: '1000000',
        RATE_LIMIT_FAILURES_PER_MINUTE: '1000000',
        RATE_LIMIT_ALL_FAILURES_PER_MINUTE: '1000000',
        MAX_REQUESTS_IN_WORK: '10000',
        MAX_SERVICE_ACCOUNTS: '10000',
        MAX_TOKENS_PER_ACCOUNT: '1000',
        ISSUER_ALLOW_INSECURE_HTTP: 'true',
        AUTO_REFRESH_LICENSE: 'false',
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const exited = once(child, 'exit').then(([code]) => code as number | null);
    const service = new ServiceProcess(child, exited);
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (bytes: Buffer) => service.#lines.push(...bytes.toString().split('\n')));
    }
    return service;
  }

  /** Everything that it wrote. */
  get output(): string {
    return this.#lines.join('\n');
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** Waits for its end. @returns its exit code; null after a signal */
  async end(): Promise<number | null> {
    return this.exited;
  }

  /** Waits until it has written a text. */
  async said(text: string): Promise<void> {
    while (!this.output.includes(text)) {
      if (this.child.exitCode !== null || this.child.signalCode !== null) {
        throw new Error(`the service ended without "${text}":\n${this.output}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  /** Waits until it has a handler for a signal. Without a /proc it waits until it listens. */
  async catches(signal: NodeJS.Signals): Promise<void> {
    if (!existsSync('/proc/self/status')) return this.said('listening');
    const bit = 1n << BigInt(constants.signals[signal] - 1);
    const caught = () =>
      /^SigCgt:\s*([0-9a-f]+)/m.exec(readFileSync(`/proc/${this.pid}/status`, 'latin1'))?.[1];
    while ((BigInt(`0x${caught() ?? '0'}`) & bit) === 0n)
      await new Promise((resolve) => setTimeout(resolve, 5));
  }

  /** Where it listens. */
  get url(): string {
    const line = this.#lines.find((candidate) => candidate.includes('"msg":"listening"')) ?? '{}';
    return (JSON.parse(line) as { url: string }).url;
  }

  async call(method: string, path: string, body?: unknown): Promise<{ status: number; text: string }> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${BOOTSTRAP_TOKEN}`,
        'Content-Type': 'application/json',
        Connection: 'close',
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, text: await response.text() };
  }

  /** Sends a signal, and does not wait for what comes of it. */
  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Sends a signal and waits for the end. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    this.child.kill(signal);
    return this.exited;
  }
}
