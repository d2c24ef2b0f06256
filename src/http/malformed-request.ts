import type { Socket } from 'node:net';
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { errorBody } from './error-body.js';
import type { Connections } from './connections.js';
import type { RequestContext } from './request-context.js';

/** How long a refused client has to read its answer, milliseconds: Node waits for one that keeps its side open. */
const LINGER_MS = 1_000;
/** How long the last answer of such a connection may take, milliseconds: Node may watch it no longer. */
const LAST_ANSWER_MS = 60_000;

/**
 * Answers what Node's parser refuses before there is a request: the same body as every other failure. The connection is
 * closed soon after it.
 * @returns the status; undefined when nobody is there to be answered
 */
export function rejectMalformed(
  error: NodeJS.ErrnoException,
  socket: Socket,
): ReturnType<typeof refusal>['status'] | undefined {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return undefined;
  }
  const { status, code, message } = refusal(error.code);
  const body = JSON.stringify(errorBody(status, code, message, ''));
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Cache-Control: no-store',
      'X-Content-Type-Options: nosniff',
      'X-Frame-Options: deny',
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
  return status;
}

/**
 * Answers a request without `Host`, or with several (RFC 9112, section 3.2). Node would do it as well, but
 * without a body.
 */
export function rejectHostless(response: ServerResponse, context: RequestContext): void {
  const { status, code, message } = refusal(undefined);
  response.statusCode = status;
  response.setHeader('Connection', 'close');
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.end(JSON.stringify(errorBody(status, code, message, context.traceId)));
}

function refusal(code: string | undefined) {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return {
        status: 431,
        code: 'request.too-large',
        message: 'The request headers are too large.',
      } as const;
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { status: 408, code: 'bad-request', message: 'The request took too long.' } as const;
    default:
      return { status: 400, code: 'bad-request', message: 'Bad request data' } as const;
  }
}

/** Whether a request has the one `Host` that HTTP/1.1 demands (RFC 9112, section 3.2); HTTP/1.0 may do without. */
export function namesOneHost({ rawHeaders, httpVersion }: IncomingMessage): boolean {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (name.length === 4 && name.toLowerCase() === 'host') count += 1;
  }
  return count === 1 || (count === 0 && httpVersion !== '1.1');
}

/** Whether the client may send another request after this answer. */
export function isNotTheLast(response: ServerResponse): boolean {
  return response.shouldKeepAlive && response.getHeader('Connection') !== 'close';
}

/**
 * What comes on a connection cannot be read, or is for a proxy, and comes after the requests before it. The last whole
 * one that is under way gets its own answer, and the connection ends there; else the client is told.
 * @returns the status that it was told; undefined where it was not
 */
export function refuseRest(
  error: NodeJS.ErrnoException,
  socket: Socket,
  connections: Pick<Connections, 'latestResponse' | 'lastWhole'>,
): ReturnType<typeof rejectMalformed> {
  const latest = connections.latestResponse(socket);
  const whole = connections.lastWhole(socket);
  if (whole !== undefined) finishWith(whole, socket);
  // Answered already, and its body still to come, or its answer was said to be the last: a second answer would be
  // taken for the next request's.
  else if (latest?.writableEnded && !(latest.req.complete && isNotTheLast(latest))) socket.destroy();
  else return rejectMalformed(error, socket);
  return undefined;
}

function finishWith(response: ServerResponse, socket: Socket): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
  response.once('finish', () => socket.destroySoon());
  setTimeout(() => socket.destroy(), LAST_ANSWER_MS).unref();
}
