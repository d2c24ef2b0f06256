import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { LOAD_CORE, onCore, type Program, processorSeconds, TOKEN } from './program.js';

const run = promisify(execFile);
const MILLISECONDS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1_000, m: 60_000 };

/** What clients got, who ask again as soon as they have their answer. */
export interface Measured {
  readonly requests: number;
  /** Requests a second. */
  readonly rate: number;
  /** Milliseconds. */
  readonly p99: number;
  /** Answers that were no 2xx or, with a script that looks at them, wrong; and connections that broke. */
  readonly faults: number;
}

export interface LoadOptions {
  readonly seconds: number;
  readonly connections?: number;
  /** A script of `bench/scripts`. */
  readonly script?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Whether `wrk` is installed: nothing in npm asks as fast as these servers answer. */
export const hasWrk = spawnSync('wrk', ['--version']).error === undefined;

/** Loads an address by `wrk` over connections that it keeps. */
export async function load(
  url: string,
  { seconds, connections = 50, script, environment = {} }: LoadOptions,
): Promise<Measured> {
  const file =
    script === undefined ? [] : ['-s', fileURLToPath(new URL(`scripts/${script}`, import.meta.url))];
  const bearer = ['-H', `Authorization: Bearer ${TOKEN}`];
  const options = ['--latency', '-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '20s'];
  const [program, ...args] = onCore(LOAD_CORE, ['wrk', ...options, ...bearer, ...file, url]);
  const { stdout } = await run(program, args, { env: { ...process.env, ...environment } });
  return read(stdout);
}

/** What a server got, and needed. */
export interface Weighed extends Measured {
  /** Its processor time of one request, microseconds, of all its threads, with all else that it did meanwhile. */
  readonly processor: number;
}

/** The same, of a server whose processor time is measured too. */
export async function weigh(program: Program, url: string, options: LoadOptions): Promise<Weighed> {
  const before = processorSeconds(program);
  const measured = await load(url, options);
  return { ...measured, processor: ((processorSeconds(program) - before) * 1e6) / measured.requests };
}

/** @param output - what `wrk --latency` prints */
export function read(output: string): Measured {
  const [, requests, took, unit] = /(\d+) requests in ([\d.]+)(us|ms|s|m),/.exec(output) ?? [];
  const [, p99, p99Unit] = /^ +99% +([\d.]+)(us|ms|s|m) *$/m.exec(output) ?? [];
  if (requests === undefined || p99 === undefined) throw new Error(`wrk said something else: ${output}`);
  const counts = [/Non-2xx or 3xx responses: (\d+)/, /^wrong answers: (\d+)$/m].map((pattern) =>
    Number(pattern.exec(output)?.[1] ?? 0),
  );
  const broken = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output) ?? [];
  return {
    requests: Number(requests),
    rate: Number(requests) / ((Number(took) * (MILLISECONDS[unit as string] as number)) / 1_000),
    p99: Number(p99) * (MILLISECONDS[p99Unit as string] as number),
    faults: [...counts, ...broken.slice(1).map(Number)].reduce((sum, count) => sum + count, 0),
  };
}
