import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { RequestContext } from './request-context.js';

/** A request as Express leaves it. */
export type RoutedRequest = IncomingMessage & { route?: { readonly path: string } };

/** A route whose answers are given again. */
export interface ReplayedRoute {
  /** Its pattern. */
  readonly route: string;
  /**
   * What its next answer would follow from: the same object as long as that answer is the same, and another one
   * afterwards; undefined when that is not known.
   */
  readonly basis: () => object | undefined;
}

/** The answer that a connection's last request got, and what makes it right for the next one. */
export interface Replay {
  readonly target: string;
  readonly rawHeaders: readonly string[];
  readonly basis: object;
  /** Lets the caller in again, as the guard did. @returns false when the guard itself has to decide */
  readonly readmit: () => boolean;
  readonly payload: string;
  /** Its headers but for the request's id, names and values in turn. */
  readonly headers: readonly string[];
  /** Whether a header of the request says which id it has. */
  readonly isTraced: boolean;
  readonly route: { readonly path: string };
  readonly context: RequestContext;
}

/** With one of these a request has a body, or is more than a question. */
const NOT_PLAIN = new Set(['content-length', 'transfer-encoding', 'expect', 'upgrade']);
/** They differ from request to request and change no answer but its `X-Request-Id`. */
const TRACING = new Set(['x-request-id', 'traceparent']);

/**
 * Remembers one answer of a connection, and gives it again to the same request (method, target, headers). It decides
 * nothing: the guard lets the caller in again, and the answer's basis is the one that the handler answered from.
 * Everything else goes the whole way. A credential is kept no longer than its connection.
 */
export class Replays {
  readonly #bySocket = new WeakMap<Socket, Replay>();

  constructor(private readonly replayed: ReplayedRoute) {}

  /** What the answer to a request can be compared with later; asked before the request goes its way. */
  get basis(): object | undefined {
    return this.replayed.basis();
  }

  /** Remembers the answer 200 of a request, where it can be given again. */
  note(request: RoutedRequest, context: RequestContext, payload: string, headers: string[]): void {
    const { basis, readmit, target } = context;
    const { rawHeaders, route } = request;
    if (basis === undefined || readmit === undefined || route?.path !== this.replayed.route) return;
    // What changed while the request was under way: the answer may be from before or after.
    if (request.method !== 'GET' || request.httpVersion !== '1.1' || basis !== this.basis) return;
    const names = rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase());
    if (names.some((name) => NOT_PLAIN.has(name))) return;
    this.#bySocket.set(request.socket, {
      ...{ target, rawHeaders, basis, readmit, payload, headers, route, context },
      isTraced: names.some((name) => TRACING.has(name)),
    });
  }

  /** The answer that a request gets again; undefined when it has to go the whole way. */
  of(request: IncomingMessage): Replay | undefined {
    const replay = this.#bySocket.get(request.socket);
    if (replay === undefined) return undefined;
    const isSame =
      request.method === 'GET' &&
      request.url === replay.target &&
      request.httpVersion === '1.1' &&
      haveSameMeaning(request.rawHeaders, replay.rawHeaders);
    return isSame && this.basis === replay.basis && replay.readmit() ? replay : undefined;
  }
}

/** Whether two lists of headers, names and values in turn, ask for the same. */
function haveSameMeaning(one: readonly string[], other: readonly string[]): boolean {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at += 2) {
    const name = one[at] as string;
    if (name !== other[at]) return false;
    if (one[at + 1] !== other[at + 1] && !TRACING.has(name.toLowerCase())) return false;
  }
  return true;
}
