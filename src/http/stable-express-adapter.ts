import { createServer, type IncomingMessage, type ServerOptions, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { connectionsThatFit } from '../config/open-files.js';
import { clientAddress, type ClientAddress, peerAddress } from './client-address.js';
import { CountedRequest, limitChunks } from './chunk-limit.js';
import { connectionTimes } from './connection-times.js';
import { Connections } from './connections.js';
import { type ErrorHandler, LastAnswers } from './last-answers.js';
import { isNotTheLast, namesOneHost, refuseRest, rejectHostless } from './malformed-request.js';
import type { PageAnswer } from './page-answer.js';
import { JSON_TYPE, type Replay, type ReplayedRoutes, Replays, type RoutedResponse } from './replay.js';
import {
  beginAnswer,
  beginRequest,
  contextOf,
  isBegun,
  releaseSlot,
  type RequestContext,
} from './request-context.js';
import { ExactExpressAdapter } from './exact-express-adapter.js';
import { adopt, type ExpressApplication } from './express-application.js';
import { belowSubPath, originForm } from './sub-path.js';
import { Turns } from './turns.js';
import { UnreadAnswers } from './unread-answers.js';
import type { FromUnnamedProxy } from './unnamed-proxy.js';

/** What happens around every request, matched by a route or not. */
export interface RequestHooks {
  /** Not called for a request that gets the answer of an earlier one again. */
  readonly onBegin: (request: IncomingMessage, response: ServerResponse, context: RequestContext) => void;
  /** Its answer was sent, or its client is gone. */
  readonly onEnd: (response: RoutedResponse, context: RequestContext) => void;
  /** What could not be read as a request was answered with this status. */
  readonly onMalformed: (status: 400 | 408 | 431) => void;
  /** Not even the application's own filter of errors could answer a request: its client was told so. */
  readonly onUnanswerable: (error: unknown, context: RequestContext) => void;
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
export class StableExpressAdapter extends ExactExpressAdapter {
  readonly #limits: ServerLimits;
  #replays: Replays | undefined;
  /** Answers what it can before the routes do. */
  page: PageAnswer | undefined;
  readonly #unread = new UnreadAnswers();
  readonly #lastAnswers: LastAnswers;
  #connections: Connections | undefined;

  /** @param limits - those that are not given are {@link DEFAULT_LIMITS} */
  constructor(
    private readonly hooks: RequestHooks,
    limits: Partial<ServerLimits> = {},
  ) {
    super();
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
    this.#lastAnswers = new LastAnswers(hooks.onUnanswerable);
    // The base class has used the router by now, and a router takes these two settings when it is made.
    Object.assign(this.getInstance<ExpressApplication>().router, { strict: true, caseSensitive: true });
    this.disable('x-powered-by');
    this.disable('etag');
    this.set('query parser', 'simple');
  }

  override initHttpServer(): void {
    const express = this.getInstance<ExpressApplication>();
    class Request extends CountedRequest {}
    class Response extends ServerResponse<Request> {}
    adopt(Request.prototype, express.request);
    adopt(Response.prototype, express.response);
    express.request = Request.prototype;
    express.response = Response.prototype;
    const connections = new Connections(connectionsThatFit(this.#limits.maxConnections), (response) =>
      this.hooks.onEnd(response, contextOf(response.req)),
    );
    this.#connections = connections;
    const turns = new Turns();
    const routed = belowSubPath(this.#limits.subPath);
    const begin = (request: IncomingMessage, response: ServerResponse) => {
      const before = connections.latestResponse(request.socket);
      // The client was told that nothing behind that answer is done (RFC 9112, section 9.6).
      if (before !== undefined && !isNotTheLast(before)) return;
      const replay = this.#replays?.of(request);
      if (replay !== undefined) {
        this.#repeat(replay, request, response, connections);
        return;
      }
      const { clientOf, isFromUnnamedProxy } = this.#limits;
      const context = beginAnswer(request, response, {
        client: clientOf(request),
        fromUnnamedProxy: isFromUnnamedProxy(request),
      });
      if (!connections.begin(request.socket, response, context)) return;
      connections.wait(request.socket, response);
      this.hooks.onBegin(request, response, context);
      if (!namesOneHost(request)) {
        rejectHostless(response, context);
        return;
      }
      request.url = routed(originForm(request.url ?? ''));
      if (this.page?.(request, response)) return;
      context.basis = this.#replays?.basisOf(request.url);
      express(request, response, (error) => this.#lastAnswers.giveUp(error, request, response));
    };
    const handle = (request: IncomingMessage, response: ServerResponse) =>
      turns.take(request.socket, () => {
        // What throws here is in no handler of Nest's or Express's: the request would never get an answer.
        try {
          begin(request, response);
        } catch (error) {
          this.#fail(error, request, response, connections);
        }
      });
    const { timeout, ...times } = connectionTimes(this.#limits.keepAliveSeconds);
    const server = createServer(
      { ...SERVER_OPTIONS, ...times, IncomingMessage: Request, ServerResponse: Response },
      handle,
    );
    // Node would drop headers beyond 2000 in silence, a second Authorization among them; their size is bounded anyway.
    server.maxHeadersCount = 0;
    server.timeout = timeout;
    server.on('connection', limitChunks).on('connection', (socket) => connections.admit(socket));
    // The reader of the body sends `100 Continue`, after authentication.
    server.on('checkContinue', handle);
    // An expectation that is not known is not met, and not refused either (RFC 9110, section 10.1.1).
    server.on('checkExpectation', handle);
    // Node tells of each further read as well.
    const refused = new WeakSet<Socket>();
    const refuseLater = (error: Error, socket: Socket) => {
      if (refused.has(socket)) return;
      refused.add(socket);
      turns.after(socket, () => {
        const status = refuseRest(error, socket, connections);
        if (status !== undefined) this.hooks.onMalformed(status);
      });
    };
    server.on('clientError', (error, socket) => refuseLater(error, socket as Socket));
    // This is no proxy; without a listener Node would just hang up. It neither reads nor watches this socket any more.
    server.on('connect', (_, socket) => {
      socket.on('error', () => undefined).resume();
      refuseLater(new Error('CONNECT'), socket as Socket);
    });
    this.httpServer = server;
  }

  /** Ends every connection that is open. */
  hangUp(): void {
    this.#connections?.destroyAll();
  }

  /** @param replayed - the routes whose answers are given again from now on; undefined for none */
  replay(replayed: ReplayedRoutes | undefined): void {
    this.#replays = replayed && new Replays(replayed);
  }

  #repeat(
    replay: Replay,
    request: IncomingMessage,
    response: RoutedResponse,
    connections: Connections,
  ): void {
    const context = beginRequest(request, replay.context, replay.isTraced);
    context.callerId = replay.context.callerId;
    if (!connections.begin(request.socket, response, context)) return;
    response.req.route = replay.route;
    // One array is cheaper than a header at a time.
    response.writeHead(200, replay.headersFor(context.requestId));
    response.end(replay.payload);
    // The system has taken the answer: there is nothing to wait for.
    if (response.writableFinished) this.hooks.onEnd(response, context);
    else connections.wait(request.socket, response);
  }

  override setErrorHandler(handler: ErrorHandler, prefix?: string): unknown {
    this.#lastAnswers.follow(handler);
    return super.setErrorHandler(handler, prefix);
  }

  /** Has what was thrown before Nest had the request answered. */
  #fail(error: unknown, request: IncomingMessage, response: RoutedResponse, connections: Connections): void {
    if (!isBegun(request)) {
      const client = peerAddress(request);
      const context = beginAnswer(request, response, { client, fromUnnamedProxy: false });
      if (!connections.begin(request.socket, response, context)) return;
    }
    connections.wait(request.socket, response);
    this.#lastAnswers.answer(error, request, response);
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
      if (isPlain) this.#replays?.note(response.req, contextOf(response.req), payload);
      if (!response.hasHeader('Content-Type')) response.setHeader('Content-Type', JSON_TYPE);
    }
    const bytes = Buffer.byteLength(payload);
    response.setHeader('Content-Length', bytes);
    this.#unread.add(response, contextOf(response.req).callerId ?? '', bytes);
    response.end(payload);
  }
}
