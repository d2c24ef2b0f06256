import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { hangUp } from './hang-up.js';
import type { RequestContext } from './request-context.js';

/**
 * How many requests of one connection may be unanswered at a time. Node reads on while answers wait, so a client that
 * pipelines and reads nothing would otherwise fill the memory with them.
 */
const MAX_UNANSWERED = 16;

/** How many of all connections one caller keeps when others want one: a quarter, and one at least. */
export function maxOfOneCaller(most: number): number {
  return Math.max(1, Math.floor(most / 4));
}

/** What is known of an open connection. */
interface Connection {
  latest: ServerResponse | undefined;
  context: RequestContext | undefined;
  readonly unanswered: Set<ServerResponse>;
  /** The caller of the last request whose caller was let in; undefined while there was none. */
  callerId: string | undefined;
  /** Listens to the 'close' of each answer that is waited for: one function, as one for each answer takes longer. */
  readonly onClose: (this: ServerResponse) => void;
}

/**
 * The open connections of a server, never more than fit. When all places are taken, a new connection evicts
 * another one, in this order:
 *
 * 1. one of the caller with the most, when that caller has more than a quarter of all, at work or not;
 * 2. the oldest that no caller was let in by;
 * 3. the oldest idle one;
 * 4. one of the caller with the most, when that is more than all callers could have, the new one included.
 *
 * So a flood of connections evicts itself, whether its callers are known or not.
 */
export class Connections {
  readonly #open = new Map<Socket, Connection>();
  /** Those that no caller was let in by, oldest first. */
  readonly #strangers = new Set<Socket>();
  /** Those with a request whose caller may have been let in since it was noted. */
  readonly #undecided = new Set<Socket>();
  /** All that a caller was let in by, by caller. */
  readonly #byCaller = new Map<string, Set<Socket>>();

  /**
   * @param most - how many may be open
   * @param onAnswered - called when an answer that was waited for is over: sent, or its client gone
   */
  constructor(
    private readonly most: number,
    private readonly onAnswered: (response: ServerResponse) => void = () => undefined,
  ) {}

  get size(): number {
    return this.#open.size;
  }

  /** Gives a new connection a place, or hangs up where no other connection has to go. */
  admit(socket: Socket): void {
    if (this.#open.size >= this.most) {
      const leaving = this.#leaving();
      if (leaving === undefined) {
        socket.destroy();
        return;
      }
      this.#forget(leaving);
      leaving.destroy();
    }
    const unanswered = new Set<ServerResponse>();
    const end = (response: ServerResponse) => {
      unanswered.delete(response);
      if (this.#open.has(socket)) this.#noteCaller(socket, connection);
      this.onAnswered(response);
    };
    const connection: Connection = {
      latest: undefined,
      context: undefined,
      unanswered,
      callerId: undefined,
      onClose() {
        end(this);
      },
    };
    this.#open.set(socket, connection);
    this.#strangers.add(socket);
    socket.once('close', () => {
      this.#forget(socket);
      // After what Node does at this event.
      setImmediate(() => closeAll(unanswered));
    });
  }

  /**
   * Notes a request that is answered at once, or that {@link wait} is called for next.
   * @returns false when the connection has too many unanswered ones, or no place any more; it is closed then
   */
  begin(socket: Socket, response: ServerResponse, context: RequestContext): boolean {
    const connection = this.#open.get(socket);
    if (connection === undefined || connection.unanswered.size >= MAX_UNANSWERED) {
      hangUp(socket);
      return false;
    }
    // Of the request before this one.
    this.#noteCaller(socket, connection);
    connection.latest = response;
    connection.context = context;
    this.#noteCaller(socket, connection);
    return true;
  }

  /** Waits for the answer to a request that was noted. */
  wait(socket: Socket, response: ServerResponse): void {
    const connection = this.#open.get(socket);
    if (connection === undefined || connection.unanswered.has(response)) return;
    connection.unanswered.add(response);
    this.#undecided.add(socket);
    response.on('close', connection.onClose);
  }

  /** The answer to the latest request of a connection. */
  latestResponse(socket: Socket): ServerResponse | undefined {
    return this.#open.get(socket)?.latest;
  }

  /** The answer to the last request of a connection that came in whole and is not answered yet. */
  lastWhole(socket: Socket): ServerResponse | undefined {
    const unanswered = [...(this.#open.get(socket)?.unanswered ?? [])];
    return unanswered.findLast(({ req, writableFinished }) => req.complete && !writableFinished);
  }

  /** Ends every connection, at work or not: also those that Node no longer knows, as after a CONNECT. */
  destroyAll(): void {
    for (const socket of this.#open.keys()) socket.destroy();
  }

  #leaving(): Socket | undefined {
    for (const socket of this.#undecided) this.#noteCaller(socket, this.#open.get(socket));
    return (
      this.#ofLargest(maxOfOneCaller(this.most)) ??
      first(this.#strangers) ??
      first(this.#open.keys(), (socket) => this.#isIdle(socket)) ??
      this.#ofLargest(this.most / (this.#byCaller.size + 1))
    );
  }

  /**
   * A connection of the caller with the most, an idle one if possible; undefined when it has no more than
   * `allowed`, or one.
   */
  #ofLargest(allowed: number): Socket | undefined {
    let largest: ReadonlySet<Socket> = new Set();
    for (const sockets of this.#byCaller.values()) if (sockets.size > largest.size) largest = sockets;
    if (largest.size <= Math.max(1, allowed)) return undefined;
    return first(largest, (socket) => this.#isIdle(socket)) ?? first(largest);
  }

  #isIdle(socket: Socket): boolean {
    return this.#open.get(socket)?.unanswered.size === 0;
  }

  /** Counts a connection for the caller of its latest request, once that caller was let in. */
  #noteCaller(socket: Socket, connection: Connection | undefined): void {
    if (connection === undefined) return;
    const callerId = connection.context?.callerId;
    if (callerId !== undefined || connection.unanswered.size === 0) this.#undecided.delete(socket);
    if (callerId === undefined || callerId === connection.callerId) return;
    this.#uncount(socket, connection);
    connection.callerId = callerId;
    const own = this.#byCaller.get(callerId);
    if (own === undefined) this.#byCaller.set(callerId, new Set([socket]));
    else own.add(socket);
  }

  #forget(socket: Socket): void {
    const connection = this.#open.get(socket);
    if (connection === undefined) return;
    this.#open.delete(socket);
    this.#undecided.delete(socket);
    this.#uncount(socket, connection);
  }

  #uncount(socket: Socket, { callerId }: Connection): void {
    this.#strangers.delete(socket);
    if (callerId === undefined) return;
    const own = this.#byCaller.get(callerId);
    own?.delete(socket);
    if (own?.size === 0) this.#byCaller.delete(callerId);
  }
}

/**
 * Tells the answers of a closed connection that they will not be sent. Node tells only the one that is being sent, and
 * not those of pipelined requests behind it: these would be neither logged nor counted.
 */
function closeAll(unanswered: ReadonlySet<ServerResponse>): void {
  for (const response of unanswered) response.emit('close');
}

function first<T>(items: Iterable<T>, isWanted: (item: T) => boolean = () => true): T | undefined {
  for (const item of items) if (isWanted(item)) return item;
  return undefined;
}
