import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { HEADERS_OF_EVERY, REQUEST_ID_HEADER, type RequestContext } from './request-context.js';

export const JSON_TYPE = 'application/json';

/** A request as Express leaves it. */
export type RoutedRequest = IncomingMessage & { route?: { readonly path: string } };
export type RoutedResponse = ServerResponse<RoutedRequest>;

/**
 * What the next answer of a route would follow from: the same object as long as that answer is the same, and another
 * one afterwards; undefined when that is not known.
 */
export type Basis = () => object | undefined;

/**
 * The routes whose answers are given again, by their pattern, which is their path. They are answered from memory, so no
 * limit of work holds for them.
 */
export type ReplayedRoutes = ReadonlyMap<string, Basis>;

/** The answer that a connection's last request got, and what makes it right for the next one. */
export interface Replay {
  readonly target: string;
  readonly rawHeaders: readonly string[];
  readonly basis: object;
  readonly basisNow: Basis;
  /** Lets the caller in again, as the guard did. @returns false when the guard itself has to decide */
  readonly readmit: () => boolean;
  readonly payload: string;
  /** Its headers with the id of a request, names and values in turn; until the next call. */
  readonly headersFor: (requestId: string) => string[];
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

  constructor(private readonly routes: ReplayedRoutes) {}

  /** What the answer to a request for a path can be compared with later; asked before the request goes its way. */
  basisOf(path: string): object | undefined {
    return this.routes.get(path)?.();
  }

  /** Remembers the answer 200 of a request, which is JSON, where it can be given again. */
  note(request: RoutedRequest, context: RequestContext, payload: string): void {
    const { basis, readmit, target } = context;
    const { rawHeaders, route } = request;
    const basisNow = route && this.routes.get(route.path);
    if (basis === undefined || readmit === undefined || route === undefined || basisNow === undefined) return;
    // What changed while the request was under way: the answer may be from before or after.
    if (request.method !== 'GET' || request.httpVersion !== '1.1' || basis !== basisNow()) return;
    const names = rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase());
    if (names.some((name) => NOT_PLAIN.has(name))) return;
    const headers = [REQUEST_ID_HEADER, '', ...headersOf(payload)];
    const headersFor = (requestId: string) => {
      headers[1] = requestId;
      return headers;
    };
    this.#bySocket.set(request.socket, {
      ...{ target, rawHeaders, basis, basisNow, readmit, payload, headersFor, route, context },
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
    return isSame && replay.basisNow() === replay.basis && replay.readmit() ? replay : undefined;
  }
}

/** The headers of an answer that is JSON but for the request's id, names and values in turn. */
function headersOf(payload: string): string[] {
  const length = String(Buffer.byteLength(payload));
  return [...HEADERS_OF_EVERY, ['Content-Type', JSON_TYPE], ['Content-Length', length]].flat();
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
