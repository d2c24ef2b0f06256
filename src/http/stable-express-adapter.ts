import { createServer, IncomingMessage, type ServerOptions, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { ExpressAdapter } from '@nestjs/platform-express';
import { clientAddress, type ClientAddress } from './client-address.js';
import { connectionTimes } from './connection-times.js';
import { Connections } from './connections.js';
import { rejectHostless, rejectMalformed } from './malformed-request.js';
import { type Replay, type ReplayedRoute, Replays, type RoutedRequest } from './replay.js';
import {
  beginRequest,
  contextOf,
  HEADERS_OF_EVERY,
  REQUEST_ID_HEADER,
  releaseSlot,
  repeatRequest,
  type RequestContext,
} from './request-context.js';
import { belowSubPath } from './sub-path.js';
import type { FromUnnamedProxy } from './unnamed-proxy.js';

/** What happens around every request, matched by a route or not. */
export interface RequestHooks {
  readonly onBegin: (request: IncomingMessage, response: ServerResponse, context: RequestContext) => void;
  /** What could not be read as a request was answered with this status. */
  readonly onMalformed: (status: 400 | 408 | 431) => void;
}

/** What a server takes from outside. */
export interface ServerLimits {
  readonly clientOf: ClientAddress;
  readonly isFromUnnamedProxy: FromUnnamedProxy;
  readonly maxConnections: number;
  /** How long a connection may wait for its next request. */
  readonly keepAliveSeconds: number;
  /** The path that everything is served below, without a slash at its end; empty for none. */
  readonly subPath: string;
}

/** Every address is what the connection says, and there are as many connections as 1,024 file descriptors allow. */
export const DEFAULT_LIMITS: ServerLimits = {
  clientOf: clientAddress([]),
  isFromUnnamedProxy: () => false,
  maxConnections: 800,
  keepAliveSeconds: 125,
  subPath: '',
};

const JSON_TYPE = 'application/json';

/** Limits of a connection: bytes and milliseconds. */
const SERVER_OPTIONS: ServerOptions = {
  maxHeaderSize: 16 * 1024,
  // How often the time-outs of headers and requests are enforced.
  connectionsCheckingInterval: 1_000,
  // Node would answer without a body: see rejectHostless.
  requireHostHeader: false,
};

/**
 * Nest's Express adapter, three to four times faster.
 *
 * Express 5 sets the prototype of every request and response to its own objects. Changing an object's prototype
 * throws away what the engine had learned about it, for everything that touches it later. Here the server makes
 * requests and responses whose prototypes carry Express's members from the beginning, and Express is told that those
 * prototypes are its own: what it sets is what is already there.
 */
export class StableExpressAdapter extends ExpressAdapter {
  readonly #limits: ServerLimits;
  #replays: Replays | undefined;

  /** @param limits - those that are not given are {@link DEFAULT_LIMITS} */
  constructor(
    private readonly hooks: RequestHooks,
    limits: Partial<ServerLimits> = {},
  ) {
    super();
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
    // The base class has used the router by now, and a router takes these two settings when it is made.
    Object.assign(this.getInstance<ExpressApplication>().router, { strict: true, caseSensitive: true });
    this.disable('x-powered-by');
    this.disable('etag');
    this.set('query parser', 'simple');
  }

  override initHttpServer(): void {
    const express = this.getInstance<ExpressApplication>();
    class Request extends IncomingMessage {}
    class Response extends ServerResponse<Request> {}
    adopt(Request.prototype, express.request);
    adopt(Response.prototype, express.response);
    express.request = Request.prototype;
    express.response = Response.prototype;
    const connections = new Connections(this.#limits.maxConnections);
    const routed = belowSubPath(this.#limits.subPath);
    const handle = (request: IncomingMessage, response: ServerResponse) => {
      const replay = this.#replays?.of(request);
      if (replay !== undefined) {
        this.#repeat(replay, request, response, connections);
        return;
      }
      const { clientOf, isFromUnnamedProxy } = this.#limits;
      const basis = this.#replays?.basis;
      const context = beginRequest(request, response, clientOf, isFromUnnamedProxy, basis);
      if (!connections.begin(request.socket, response, context)) return;
      this.hooks.onBegin(request, response, context);
      if (!namesOneHost(request)) {
        rejectHostless(response, context);
        return;
      }
      request.url = routed(originForm(request.url ?? ''));
      express(request, response);
    };
    const { timeout, ...times } = connectionTimes(this.#limits.keepAliveSeconds);
    const server = createServer(
      { ...SERVER_OPTIONS, ...times, IncomingMessage: Request, ServerResponse: Response },
      handle,
    );
    // Node would drop headers beyond 2000 in silence, a second Authorization among them; their size is bounded anyway.
    server.maxHeadersCount = 0;
    server.timeout = timeout;
    server.on('connection', (socket: Socket) => connections.admit(socket));
    // The reader of the body sends `100 Continue`, after authentication.
    server.on('checkContinue', handle);
    // An expectation that is not known is not met, and not refused either (RFC 9110, section 10.1.1).
    server.on('checkExpectation', handle);
    // This is no proxy; without a listener Node would just hang up.
    server.on('connect', (_request, socket) => this.#reject(new Error('CONNECT'), socket as Socket));
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
      const latest = connections.latestResponse(socket);
      if (latest?.req.complete && !latest.writableFinished) finishWith(latest, socket);
      // Answered already, and its body still to come, or its answer was said to be the last: a second answer would be
      // taken for the next request's.
      else if (latest?.writableEnded && !(latest.req.complete && isNotTheLast(latest))) socket.destroy();
      else this.#reject(error, socket);
    });
    this.httpServer = server;
  }

  /** @param replayed - the route whose answers are given again from now on; undefined for none */
  replay(replayed: ReplayedRoute | undefined): void {
    this.#replays = replayed && new Replays(replayed);
  }

  #repeat(replay: Replay, request: RoutedRequest, response: ServerResponse, connections: Connections): void {
    const context = repeatRequest(request, replay.context, replay.isTraced);
    if (!connections.begin(request.socket, response, context)) return;
    request.route = replay.route;
    this.hooks.onBegin(request, response, context);
    // One array is cheaper than a header at a time.
    response.writeHead(200, [REQUEST_ID_HEADER, context.requestId, ...replay.headers]);
    response.end(replay.payload);
  }

  #reject(error: NodeJS.ErrnoException, socket: Socket): void {
    const status = rejectMalformed(error, socket);
    if (status !== undefined) this.hooks.onMalformed(status);
  }

  /**
   * Answers with JSON, exactly as it is: Express would send a boolean as `text/html` and add a character set to
   * `application/json`. A string with a content type of its own is sent as that; nothing at all has no body.
   */
  override reply(response: ServerResponse, body: unknown, statusCode?: number): void {
    releaseSlot(response.req);
    if (statusCode !== undefined) response.statusCode = statusCode;
    if (body === undefined) {
      response.end();
      return;
    }
    let payload: string;
    if (typeof body === 'string' && response.hasHeader('Content-Type')) {
      payload = body;
    } else {
      payload = JSON.stringify(body);
      const isPlain = response.statusCode === 200 && !response.hasHeader('Content-Type');
      if (isPlain) this.#replays?.note(response.req, contextOf(response.req), payload, headersOf(payload));
      if (!response.hasHeader('Content-Type')) response.setHeader('Content-Type', JSON_TYPE);
    }
    response.setHeader('Content-Length', Buffer.byteLength(payload));
    response.end(payload);
  }
}

/** The headers of an answer that is JSON but for the request's id, names and values in turn. */
function headersOf(payload: string): string[] {
  const length = String(Buffer.byteLength(payload));
  return [...HEADERS_OF_EVERY, ['Content-Type', JSON_TYPE], ['Content-Length', length]].flat();
}

type ExpressApplication = ((request: IncomingMessage, response: ServerResponse) => void) & {
  readonly router: object;
  request: object;
  response: object;
};

/** Whether a request has the one `Host` that HTTP/1.1 demands (RFC 9112, section 3.2); HTTP/1.0 may do without. */
function namesOneHost({ rawHeaders, httpVersion }: IncomingMessage): boolean {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (name.length === 4 && name.toLowerCase() === 'host') count += 1;
  }
  return count === 1 || (count === 0 && httpVersion !== '1.1');
}

/**
 * The path and query of a request's target, which may also come in absolute form (RFC 9112, section 3.2.2). Express
 * answers a target that it cannot parse with a page of its own; what is neither form becomes `*`, which nobody has.
 */
function originForm(target: string): string {
  if (target.includes('#')) return '*';
  if (target.startsWith('/')) return target;
  const path = /^https?:\/\/[^/?]+(.*)$/i.exec(target)?.[1];
  if (path === undefined) return '*';
  return path.startsWith('/') ? path : `/${path}`;
}

/** Whether the client may send another request after this answer. */
function isNotTheLast(response: ServerResponse): boolean {
  return response.shouldKeepAlive && response.getHeader('Connection') !== 'close';
}

/**
 * What is broken came after this whole request, which is under way: it gets its own answer, and the
 * connection ends there.
 */
function finishWith(response: ServerResponse, socket: Socket): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
  response.once('finish', () => socket.destroySoon());
}

/** Copies what Express adds to a prototype (its own chain down to Node's), getters as getters. */
function adopt(prototype: object, express: object): void {
  const base = Object.getPrototypeOf(express) as object | null;
  if (base !== null && base !== IncomingMessage.prototype && base !== ServerResponse.prototype)
    adopt(prototype, base);
  Object.defineProperties(prototype, Object.getOwnPropertyDescriptors(express));
}
