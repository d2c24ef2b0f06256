import { fstatSync, readFileSync, statSync } from 'node:fs';
import { Channel } from './channel.js';
import { DescriptorSink } from './descriptor-sink.js';
import type { Sink } from './sink.js';
import { StreamSink } from './stream-sink.js';

const DESCRIPTORS = { stdout: 1, stderr: 2 } as const;

/** The two streams of a process. */
export const STREAMS = ['stdout', 'stderr'] as const;
export type StreamName = (typeof STREAMS)[number];

/**
 * The only way to this process's standard output and standard error. Nothing is opened before the first write.
 */
export const standardOutput: Readonly<Record<StreamName, Channel>> = {
  stdout: new Channel(() => sinkOf('stdout')),
  stderr: new Channel(() => sinkOf('stderr')),
};

/** Waits until both streams have written what they have, but no longer than `ms`. */
export async function flushOutput(ms: number): Promise<void> {
  await Promise.all(STREAMS.map(async (name) => standardOutput[name].flush(ms)));
}

/**
 * Whether stdout or stderr was closed when the process started. Node then opens /dev/null there, for reading and
 * writing. Known on Linux only.
 */
export function isClosed(name: StreamName): boolean {
  try {
    const descriptor = DESCRIPTORS[name];
    const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1'))?.[1];
    const isNull = fstatSync(descriptor).rdev === statSync('/dev/null').rdev;
    return isNull && (parseInt(flags ?? '0', 8) & 3) === 2;
  } catch {
    return false;
  }
}

function sinkOf(name: StreamName): Sink {
  const descriptor = DESCRIPTORS[name];
  return isPipe(descriptor) ? new StreamSink(process[name]) : new DescriptorSink(descriptor);
}

function isPipe(descriptor: number): boolean {
  try {
    const found = fstatSync(descriptor);
    return found.isFIFO() || found.isSocket();
  } catch {
    return false;
  }
}
