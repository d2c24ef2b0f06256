import type { Socket } from 'node:net';
import { hangUp } from './hang-up.js';

/** How many requests of one connection may wait: 16 are unanswered then, as what was begun in this turn may be done. */
const MAX_WAITING = 16;

/**
 * Begins one request of a connection in a turn of the event loop; the others wait for the next turns, in their order.
 * Node begins all that has arrived, up to megabytes of pipelined requests, before it looks at another connection.
 * Where each is answered without waiting for anything, a single client would keep every other one out.
 */
export class Turns {
  /** Those that began something in this turn. */
  readonly #served = new Set<Socket>();
  readonly #waiting = new Map<Socket, (() => void)[]>();
  #isPlanned = false;

  /**
   * Begins a request now, or in a turn of its own. Hangs up on a client that pipelines deeper than is allowed; what
   * waits on a closed connection is dropped.
   */
  take(socket: Socket, begin: () => void): void {
    if (socket.destroyed) return;
    const waiting = this.#waiting.get(socket);
    if (waiting === undefined && !this.#served.has(socket)) this.#serve(socket, begin);
    else if (waiting === undefined) this.#waiting.set(socket, [begin]);
    else if (waiting.length < MAX_WAITING) waiting.push(begin);
    else hangUp(socket);
  }

  /** Does something about a connection now, or after the requests that wait on it. */
  after(socket: Socket, work: () => void): void {
    const waiting = this.#waiting.get(socket);
    if (waiting === undefined) work();
    else waiting.push(work);
  }

  #serve(socket: Socket, begin: () => void): void {
    this.#served.add(socket);
    if (!this.#isPlanned) setImmediate(() => this.#next());
    this.#isPlanned = true;
    begin();
  }

  #next(): void {
    this.#isPlanned = false;
    this.#served.clear();
    for (const [socket, waiting] of [...this.#waiting]) {
      const begin = waiting.shift();
      if (waiting.length === 0 || socket.destroyed) this.#waiting.delete(socket);
      if (begin !== undefined && !socket.destroyed) this.#serve(socket, begin);
    }
  }
}
