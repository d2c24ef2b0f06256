import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { HttpMetrics } from './http-metrics.js';
import type { RequestContext } from './request-context.js';

/** What proxies log for a client that went away before it had its answer; it is never sent. */
const CLIENT_GONE = 499;

/**
 * The level of a request's line. What failed for a fault that is not the caller's is worth a look; a probe
 * that answers 503 has no code, and says what it is there to say.
 */
export function levelOf(status: number, code: string | undefined): 'info' | 'warn' {
  return status >= 500 && code !== undefined ? 'warn' : 'info';
}

/**
 * Counts a request and writes one line when it is over. The route's pattern stands for the path: what a
 * caller puts into a path, a query, a header or a body is nowhere in the log or the metrics.
 *
 * @param quiet - the pattern of the route whose successes are not worth a line
 */
export function logRequest(
  logger: Logger,
  quiet: string,
  request: IncomingMessage & { route?: { path: string } },
  response: ServerResponse,
  context: RequestContext,
  metrics: HttpMetrics | undefined,
): void {
  const started = performance.now();
  // One listener for both, and without the wrapper of `once`: it happens only once.
  response.on('close', () => {
    const route = request.route?.path;
    const status = response.statusCode;
    const ms = performance.now() - started;
    metrics?.observe(route, request.method, response.writableFinished ? status : CLIENT_GONE, ms / 1000);
    if (route === quiet && status === 200) return;
    logger[levelOf(status, context.code)]({
      msg: 'request',
      method: request.method,
      route: route ?? null,
      status,
      ms: Math.round(ms * 10) / 10,
      client: context.client,
      requestId: context.requestId,
      ...(context.traceId === '' ? {} : { traceId: context.traceId }),
      ...(context.callerId === undefined ? {} : { caller: context.callerId }),
      ...(context.code === undefined ? {} : { code: context.code }),
      ...(context.reason === undefined ? {} : { reason: context.reason }),
      ...(response.writableFinished ? {} : { aborted: true }),
    });
  });
}
