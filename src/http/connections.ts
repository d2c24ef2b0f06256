import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { RequestContext } from './request-context.js';

/**
 * How many requests of one connection may be unanswered at a time. Node reads on while answers wait, so a client that
 * pipelines and reads nothing would otherwise fill the memory with them.
 */
const MOST_UNANSWERED = 16;

/** What is known of an open connection. */
interface Connection {
  latest: ServerResponse | undefined;
  context: RequestContext | undefined;
  unanswered: number;
  /** One of its requests came from a caller who was let in. */
  known: boolean;
}

/**
 * The open connections of a server, never more than fit. When all places are taken the newcomer gets one of
 * somebody who is missed less: first whoever was never let in, longest here first, then a known caller's idle
 * connection. So connections that say nothing push out each other, and never a caller at work.
 */
export class Connections {
  readonly #open = new Map<Socket, Connection>();

  /** @param most - how many may be open */
  constructor(private readonly most: number) {}

  get size(): number {
    return this.#open.size;
  }

  /** Gives a new connection a place, or hangs up where everybody here is a known caller at work. */
  admit(socket: Socket): void {
    if (this.#open.size >= this.most) {
      const leaving = this.#leastMissed();
      if (leaving === undefined) {
        socket.destroy();
        return;
      }
      this.#open.delete(leaving);
      leaving.destroy();
    }
    this.#open.set(socket, { latest: undefined, context: undefined, unanswered: 0, known: false });
    socket.once('close', () => this.#open.delete(socket));
  }

  /**
   * Notes a request.
   * @returns false when the connection has too many unanswered ones, or no place any more; it is closed then
   */
  begin(socket: Socket, response: ServerResponse, context: RequestContext): boolean {
    const connection = this.#open.get(socket);
    if (connection === undefined || connection.unanswered >= MOST_UNANSWERED) {
      socket.destroy();
      return false;
    }
    connection.known ||= connection.context?.callerId !== undefined;
    connection.latest = response;
    connection.context = context;
    connection.unanswered += 1;
    response.once('close', () => (connection.unanswered -= 1));
    return true;
  }

  /** The answer to the latest request of a connection. */
  latestResponse(socket: Socket): ServerResponse | undefined {
    return this.#open.get(socket)?.latest;
  }

  #leastMissed(): Socket | undefined {
    let idle: Socket | undefined;
    for (const [socket, connection] of this.#open) {
      if (!connection.known && connection.context?.callerId === undefined) return socket;
      if (connection.unanswered === 0) idle ??= socket;
    }
    return idle;
  }
}
