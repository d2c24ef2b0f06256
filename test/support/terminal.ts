import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { copyDatabases } from './database.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Programs that the pages start in the foreground, as a person does in a terminal of its own. */
const SERVER = /^(.*?)\b(?:node dist\/main\.js|npx licentia (issuer )?serve)\s*(?:#.*)?$/;

/** What a pasted block came to. */
export interface Pasted {
  /** The exit code of its last command. */
  readonly status: number;
  /** Both outputs. */
  readonly output: string;
}

/** The isolation that this machine permits: words in front of a command, or undefined where it permits none. */
export function isolation(): readonly string[] | undefined {
  const inside = ['bash', '-c', 'ip link set lo up && exec "$0" "$@"'];
  const candidates = [
    ['unshare', '--net', ...inside],
    ['unshare', '--map-root-user', '--net', ...inside],
  ];
  return candidates.find(([program = '', ...args]) => spawnSync(program, [...args, 'true']).status === 0);
}

/**
 * A person at a shell, in an empty directory that has the build: pastes blocks of the documents one after the other,
 * so that variables stay. Servers of a block go on running beside the blocks that follow.
 */
export class Terminal {
  #output = '';
  #servers = 0;
  #ended = false;

  private constructor(
    readonly directory: string,
    private readonly shell: ChildProcess,
    /** Where calls of `http://localhost:3000` and `http://localhost:3001` go. */
    readonly addresses: { readonly service: string; readonly issuer: string },
  ) {
    for (const stream of [shell.stdout, shell.stderr]) {
      stream?.on('data', (bytes: Buffer) => (this.#output += bytes.toString()));
    }
    shell.once('exit', () => (this.#ended = true));
  }

  /**
   * @param environment - what the shell has beside `PATH`
   * @param service - where calls of `http://localhost:3000` go; a free port of this machine unless given
   * @param isolated - the words of {@link isolation}: ports are those of the documents then
   */
  static async open({
    environment = {},
    service,
    isolated,
  }: {
    readonly environment?: Readonly<Record<string, string>>;
    readonly service?: string;
    readonly isolated?: readonly string[];
  } = {}): Promise<Terminal> {
    const directory = mkdtempSync(join(tmpdir(), 'licentia-terminal-'));
    for (const name of ['dist', 'docs', 'deploy', 'examples', 'scripts', 'node_modules', 'package.json']) {
      symlinkSync(join(ROOT, name), join(directory, name));
    }
    copyDatabases(directory);
    const [program = '', ...args] = [...(isolated ?? []), 'bash'];
    const shell = spawn(program, args, {
      cwd: directory,
      env: { PATH: process.env.PATH, ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const addresses = isolated
      ? { service: 'http://localhost:3000', issuer: 'http://localhost:3001' }
      : { service: service ?? (await freeAddress()), issuer: await freeAddress() };
    const terminal = new Terminal(directory, shell, addresses);
    writeFileSync(join(directory, '.prelude'), PRELUDE);
    await terminal.#run('. ./.prelude');
    return terminal;
  }

  /** Runs a block. An issuer that it starts ends the one before, as a person does who gives it other settings. */
  async paste(block: string): Promise<Pasted> {
    const lines = block.replaceAll('\\\n', ' ').split('\n');
    if (lines.some((line) => SERVER.exec(line)?.[2] !== undefined)) await this.stop('authority');
    writeFileSync(join(this.directory, '.block'), lines.map((line) => this.#adapt(line)).join('\n'));
    return this.#run('. ./.block');
  }

  /** Ends the servers that blocks have started, as Ctrl+C does: all of this shell, or the issuers of all. */
  async stop(program = ''): Promise<void> {
    await this.#run(`end_servers ${program}`);
  }

  /** Does something in a shell of its own, without the variables and servers of this one; its servers end with it. */
  async fresh<T>(environment: Readonly<Record<string, string>>, work: () => Promise<T>): Promise<T> {
    const settings = Object.entries(environment).map(([name, value]) => `${name}='${value}'`);
    await this.#run(`env ${settings.join(' ')} bash\n. ./.prelude`);
    try {
      return await work();
    } finally {
      await this.stop();
      await this.#run('exit');
    }
  }

  async close(): Promise<void> {
    if (!this.#ended) {
      await this.stop();
      const exited = once(this.shell, 'exit');
      this.shell.stdin?.end('exit\n');
      await exited;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** What the servers of the blocks have logged. */
  get logs(): string {
    const paths = Array.from({ length: this.#servers }, (_, at) => join(this.directory, `log.${at + 1}`));
    return paths.map((path) => (existsSync(path) ? readFileSync(path, 'utf8') : '')).join('');
  }

  /** A line with the addresses of this terminal; a server is started beside what follows, once it listens. */
  #adapt(line: string): string {
    const { service, issuer } = this.addresses;
    // Licenses go on naming http://localhost:3000/ and the issuer's id: only what is called moves.
    const moved = line
      .replaceAll(/http:\/\/localhost:3000(?=\/(api|metrics|healthz|readyz)\b)/g, service)
      .replace('LICENTIA_URL=http://localhost:3000', `LICENTIA_URL=${service}`)
      .replace('LICENTIA_ISSUER_URL=http://localhost:3001', `LICENTIA_ISSUER_URL=${issuer}`)
      .replaceAll(/http:\/\/localhost:3001(?=\/(v1|\.well-known)\b)/g, issuer);
    const [, settings, isIssuer] = SERVER.exec(moved) ?? [];
    if (settings === undefined) return moved;
    this.#servers += 1;
    const log = `log.${this.#servers}`;
    const { port } = new URL(isIssuer === undefined ? service : issuer);
    const command = `node dist/cli/main.js ${isIssuer ?? ''}serve`;
    return `: >${log}; ${settings}PORT=${port} ${command} >${log} 2>&1 & PID=$!; await_server ${log} ${isIssuer === undefined ? 'service' : 'authority'}`;
  }

  async #run(command: string): Promise<Pasted> {
    const before = this.#output.length;
    this.shell.stdin?.write(`${command}\nprintf '\\n::ended %s::\\n' "$?"\n`);
    for (;;) {
      const output = this.#output.slice(before);
      const end = /\n::ended (\d+)::\n/.exec(output);
      if (end !== null) {
        // What standard error has to say may come a moment later than the end.
        await new Promise((resolve) => setTimeout(resolve, 20));
        return { status: Number(end[1]), output: this.#output.slice(before).replace(end[0], '') };
      }
      if (this.#ended) throw new Error(`the shell ended:\n${output}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

/** Functions of the shell that keep its servers, and an end that leaves none behind. */
const PRELUDE = `
await_server() {
  echo "$PID" >>"pids.$2.$$"
  until grep -q '"msg":"listening"' "$1"; do
    kill -0 "$PID" 2>/dev/null || { cat "$1"; return 1; }
    sleep 0.05
  done
}
end_servers() {
  local pid files="pids.*.$$"
  [ $# -eq 0 ] || files="pids.$1.*"
  for pid in $(cat $files 2>/dev/null); do
    kill "$pid" 2>/dev/null
    while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
  done
  rm -f $files
  return 0
}
trap end_servers EXIT
`;

async function freeAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return `http://localhost:${port}`;
}
