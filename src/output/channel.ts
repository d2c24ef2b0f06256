import type { Sink } from './sink.js';

/** How much may wait for a slow reader, characters; what comes beyond it is lost. */
export const MAX_WAITING = 4 * 1024 * 1024;
/** How much is written at a time, characters. */
const BATCH = 64 * 1024;

interface Waiting {
  readonly text: string;
  readonly done?: (error: Error | undefined) => void;
}

/**
 * Lines on their way to standard output or standard error. Nothing here throws, blocks or grows without bound: a line
 * that cannot be written is lost, and counted. One write is under way at a time, so lines keep their order. The lines
 * of one turn of the event loop are written together, as each write costs more than its line.
 */
export class Channel {
  readonly #queue: Waiting[] = [];
  #waiting = 0;
  #writing = false;
  #due = false;
  #lost = 0;
  #told = 0;
  #onRecovery: ((lost: number) => void) | undefined;
  readonly #flushed: (() => void)[] = [];
  #sink: Sink | undefined;

  /** @param open - called at the first write */
  constructor(private readonly open: () => Sink) {}

  /** How many lines were lost since the start. */
  get lost(): number {
    return this.#lost;
  }

  /** Names who is told, once lines can be written again, how many were lost before. */
  onRecovery(listener: (lost: number) => void): void {
    this.#onRecovery = listener;
  }

  /** Takes whole lines, and loses them where too much waits already. */
  write(lines: string): void {
    if (this.#waiting + lines.length > MAX_WAITING) {
      this.#lose(lines);
      return;
    }
    this.#add({ text: lines });
    if (this.#writing || this.#due) return;
    this.#due = true;
    setImmediate(() => {
      this.#due = false;
      this.#pump();
    });
  }

  /**
   * Writes a text of any length, and waits for its reader: for the results of commands.
   * @returns why it could not be written; it never rejects
   */
  async print(text: string): Promise<Error | undefined> {
    if (text === '') return undefined;
    return new Promise((resolve) => {
      this.#add({ text, done: resolve });
      this.#pump();
    });
  }

  /**
   * Waits until everything is written or lost, but no longer than `ms`.
   * @returns whether nothing waits any more
   */
  async flush(ms: number): Promise<boolean> {
    this.#pump();
    if (!this.#writing) return true;
    return new Promise((resolve) => {
      const overdue = setTimeout(() => resolve(false), ms);
      this.#flushed.push(() => {
        clearTimeout(overdue);
        resolve(true);
      });
    });
  }

  #add(waiting: Waiting): void {
    this.#queue.push(waiting);
    this.#waiting += waiting.text.length;
  }

  #pump(): void {
    if (this.#writing) return;
    const batch = this.#nextBatch();
    if (batch.length === 0) {
      for (const flushed of this.#flushed.splice(0)) flushed();
      return;
    }
    const text = batch.map((waiting) => waiting.text).join('');
    this.#writing = true;
    this.#sink ??= this.open();
    this.#sink.write(text, (error, written = 0) => {
      this.#writing = false;
      this.#waiting -= text.length;
      if (error === undefined) this.#recover();
      else this.#lose(text, written);
      for (const { done } of batch) done?.(error);
      this.#pump();
    });
  }

  #nextBatch(): Waiting[] {
    let length = 0;
    let count = 0;
    for (const { text } of this.#queue) {
      if (count > 0 && length + text.length > BATCH) break;
      length += text.length;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }

  /** @param written - how many bytes of it were written all the same */
  #lose(text: string, written = 0): void {
    const rest = written === 0 ? text : Buffer.from(text).subarray(written).toString('latin1');
    this.#lost += Math.max(1, rest.split('\n').length - 1);
  }

  #recover(): void {
    const lost = this.#lost - this.#told;
    if (lost === 0) return;
    this.#told = this.#lost;
    this.#onRecovery?.(lost);
  }
}
