import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './phoenix.js';

const CONFIG = new URL('../../deploy/haproxy/haproxy.cfg', import.meta.url);
/** Until replicas that are ready count as such, milliseconds. */
const MAX_START_MS = 15_000;

/** The program: HAPROXY, else the PATH's or Debian's. @returns undefined when it is nowhere */
export function findHaproxy(environment = process.env): string | undefined {
  const candidates =
    environment.HAPROXY === undefined ? ['haproxy', '/usr/sbin/haproxy'] : [environment.HAPROXY];
  return candidates.find((program) => spawnSync(program, ['-v']).status === 0);
}

/** HAProxy with the configuration that we ship, but for the addresses. */
export class Haproxy {
  private constructor(
    readonly url: string,
    private readonly child: ChildProcess,
    private readonly directory: string,
    private readonly said: () => string,
  ) {}

  /**
   * Starts it and waits until it serves requests.
   * @param replicas - their ports on 127.0.0.1
   */
  static async start(program: string, replicas: readonly number[]): Promise<Haproxy> {
    const port = await freePort();
    const directory = await mkdtemp(join(tmpdir(), 'licentia-haproxy-'));
    const file = join(directory, 'haproxy.cfg');
    const servers = replicas.map((own, at) => `  server replica${at + 1} 127.0.0.1:${own}`);
    const config = replaced(
      replaced(readFileSync(CONFIG, 'utf8'), /^ {2}bind :3000$/m, `  bind 127.0.0.1:${port}`),
      /^ {2}server-template .*$/m,
      servers.join('\n'),
    );
    await writeFile(file, config);
    const child = spawn(program, ['-db', '-f', file], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (bytes: Buffer) => (said = `${said}${bytes.toString()}`.slice(-20_000)));
    }
    const haproxy = new Haproxy(`http://127.0.0.1:${port}`, child, directory, () => said);
    try {
      await haproxy.#ready();
    } catch (error) {
      await haproxy.stop();
      throw error;
    }
    return haproxy;
  }

  /** The end of its log. */
  get log(): string {
    return this.said();
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const exited = once(this.child, 'exit');
      this.child.kill('SIGKILL');
      await exited;
    }
    await rm(this.directory, { recursive: true, force: true });
  }

  async #ready(): Promise<void> {
    const deadline = performance.now() + MAX_START_MS;
    for (;;) {
      const answer = await fetch(`${this.url}/healthz`).catch(() => undefined);
      if (answer?.status === 200) return;
      if (this.child.exitCode !== null || performance.now() > deadline) {
        throw new Error(`HAProxy serves no request:\n${this.log}`);
      }
      await sleep(100);
    }
  }
}

/** @throws when there is nothing to replace: the configuration was changed */
function replaced(text: string, pattern: RegExp, by: string): string {
  if (!pattern.test(text)) throw new Error(`deploy/haproxy/haproxy.cfg has no ${pattern.source}`);
  return text.replace(pattern, by);
}
