import type { Socket } from 'node:net';
import { type ServerResponse, STATUS_CODES } from 'node:http';
import { errorBody } from './error-body.js';
import type { RequestContext } from './request-context.js';

/**
 * Answers what Node's parser refuses before there is a request: the same body as every other failure.
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
