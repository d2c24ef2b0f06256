import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { RequestContext } from './request-context.js';

/**
 * Writes one line when a request is over. The route's pattern stands for the path: what a caller puts into a path,
 * a query, a header or a body is nowhere in the log.
 *
 * @param quiet - the pattern of the route whose successes are not worth a line
 */
export function logRequest(
  logger: Logger,
  quiet: string,
  request: IncomingMessage & { route?: { path: string } },
  response: ServerResponse,
  context: RequestContext,
): void {
  const started = performance.now();
  response.once('close', () => {
    const route = request.route?.path;
    const status = response.statusCode;
    if (route === quiet && status === 200) return;
    logger.info({
      msg: 'request',
      method: request.method,
      route: route ?? null,
      status,
      ms: Math.round((performance.now() - started) * 10) / 10,
      requestId: context.requestId,
      ...(context.traceId === '' ? {} : { traceId: context.traceId }),
      ...(context.callerId === undefined ? {} : { caller: context.callerId }),
      ...(context.reason === undefined ? {} : { reason: context.reason }),
      ...(response.writableFinished ? {} : { aborted: true }),
    });
  });
}
