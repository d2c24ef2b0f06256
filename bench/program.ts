import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** The bearer token of all that the bench asks. */
export const TOKEN = 'bench-token-0123456789-0123456789-0123456789';
/** Of `/proc/<pid>/stat`. */
const TICKS_PER_SECOND = 100;

const hasTaskset = spawnSync('taskset', ['--version']).error === undefined;

/** @returns a command that runs on one core alone, where the machine can say so */
export function onCore(core: number, command: readonly string[]): [string, ...string[]] {
  return (hasTaskset ? ['taskset', '-c', `${core}`, ...command] : [...command]) as [string, ...string[]];
}

/** The first core is for what is measured, the second one for the load. */
export const SERVER_CORE = 0;
export const LOAD_CORE = 1;

/** A server as a process of its own, on the first core. */
export interface Program {
  readonly url: string;
  readonly pid: number;
  /** Milliseconds from its start until it listened. */
  readonly startedIn: number;
  /** Of a program that is watched: how long its event loop was stopped at most since it was asked last, milliseconds. */
  eventLoopDelay(): Promise<number>;
  /** Ends it by SIGTERM and waits for the end. */
  stop(): Promise<void>;
}

const running = new Set<ChildProcess>();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));
// So that no server outlives a bench that is broken off.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

/** How a program is started. */
export interface StartOptions {
  /** Its working directory. */
  readonly directory?: string;
  /** Whether it measures the delay of its event loop. */
  readonly watched?: boolean;
}

/** The built service. @param environment - its settings, beside the token and the port */
export function startService(
  environment: Readonly<Record<string, string>>,
  options: StartOptions = {},
): Promise<Program> {
  const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
  const watch = options.watched ? ['--import', new URL('event-loop-delay.mjs', import.meta.url).href] : [];
  const settings = {
    PORT: '0',
    BOOTSTRAP_TOKEN: TOKEN,
    RATE_LIMIT_WRITES_PER_MINUTE: '1000000',
    RATE_LIMIT_ALL_WRITES_PER_MINUTE: '1000000',
    ...environment,
  };
  return startProgram([process.execPath, ...watch, main], settings, options);
}

/** @param command - what prints its address once it listens */
export async function startProgram(
  command: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  { directory = process.cwd(), watched = false }: StartOptions = {},
): Promise<Program> {
  const begun = performance.now();
  const [file, ...args] = onCore(SERVER_CORE, command);
  const child = spawn(file, args, {
    cwd: directory,
    env: { PATH: process.env.PATH, NODE_OPTIONS: process.env.NODE_OPTIONS, ...environment },
    stdio: ['ignore', 'pipe', 'inherit', ...(watched ? (['ipc'] as const) : [])],
  });
  const { stdout } = child as ChildProcess & { stdout: Readable };
  running.add(child);
  const ended = once(child, 'exit').then(() => running.delete(child));
  let output: string | undefined = '';
  const url = await new Promise<string>((resolve, reject) => {
    stdout.on('data', (bytes: Buffer) => {
      if (output === undefined) return;
      output += bytes.toString();
      const found = /http:\/\/[\w.[\]:]+:\d+/.exec(output)?.[0];
      if (found === undefined) return;
      output = undefined;
      resolve(found);
    });
    child.once('exit', () => reject(new Error(`it ended before it listened: ${output ?? ''}`)));
  });
  return {
    url,
    pid: child.pid as number,
    startedIn: performance.now() - begun,
    eventLoopDelay: async () => {
      child.send('delay');
      const [{ delay }] = (await once(child, 'message')) as [{ delay: number }];
      return delay;
    },
    stop: async () => {
      child.kill();
      await ended;
    },
  };
}

/** Asks as the bench's caller. @throws Error for an answer that is no 2xx */
export async function ask(program: Program, method: string, path: string, body?: unknown): Promise<string> {
  const response = await fetch(`${program.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text;
}

/** Asks as another caller. */
export async function statusOf(program: Program, path: string, token: string): Promise<number> {
  const response = await fetch(`${program.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
  await response.text();
  return response.status;
}

/** Waits until it says that it is ready. @returns milliseconds waited */
export async function untilReady(program: Program): Promise<number> {
  const begun = performance.now();
  while (!(await fetch(`${program.url}/readyz`)).ok) await new Promise((go) => setTimeout(go, 5));
  return performance.now() - begun;
}

/** The memory that a process has, MB. */
export function residentMegabytes({ pid }: Program): number {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kilobytes) / 1024);
}

/** The processor time that a process used so far, seconds, of all its threads. */
export function processorSeconds({ pid }: Program): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
