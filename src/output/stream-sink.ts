import type { Writable } from 'node:stream';
import type { Sink } from './sink.js';

/** A pipe or a socket, by Node's own stream: it does not block, and waits for room as the system tells of it. */
export class StreamSink implements Sink {
  constructor(private readonly stream: Writable) {
    // The write that fails is told; an error that nobody listens to would end the process.
    stream.on('error', () => undefined);
  }

  write(text: string, done: (error: Error | undefined) => void): void {
    this.stream.write(text, (error) => done(error ?? undefined));
  }
}
