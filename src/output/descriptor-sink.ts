import { constants, openSync, write } from 'node:fs';
import { isatty } from 'node:tty';
import type { Sink } from './sink.js';

/** How long to wait before a terminal that was stopped (Ctrl+S) is tried again, milliseconds. */
const RETRY_MS = 100;

/**
 * A file, a device or a terminal. Writes run outside of the event loop: a file system that hangs keeps nothing else
 * waiting.
 */
export class DescriptorSink implements Sink {
  readonly #descriptor: number;
  /** A line was cut off by an error. */
  #torn = false;

  constructor(descriptor: number) {
    this.#descriptor = isatty(descriptor) ? nonBlocking(descriptor) : descriptor;
  }

  write(text: string, done: (error: Error | undefined, written?: number) => void): void {
    const start = this.#torn ? '\n' : '';
    const bytes = Buffer.from(start + text);
    const writeFrom = (offset: number): void =>
      write(this.#descriptor, bytes, offset, bytes.length - offset, null, (error, count) => {
        if (error?.code === 'EAGAIN') {
          setTimeout(() => writeFrom(offset), RETRY_MS);
        } else if (error === null && offset + count < bytes.length) {
          writeFrom(offset + count);
        } else {
          if (error === null) this.#torn = false;
          else if (offset > 0) this.#torn = bytes[offset - 1] !== 0x0a;
          done(error ?? undefined, Math.max(0, offset - start.length));
        }
      });
    writeFrom(0);
  }
}

/** The terminal once more: not blocking, without changing it for the programs that share it. */
function nonBlocking(descriptor: number): number {
  try {
    return openSync(`/dev/fd/${descriptor}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return descriptor;
  }
}
