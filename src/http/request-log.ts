import type { Logger } from 'pino';
import type { HttpMetrics } from './http-metrics.js';
import type { RoutedResponse } from './replay.js';
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
 * Counts a request that is over, and writes its line. The route's pattern stands for the path: what a caller puts
 * into a path, a query, a header or a body is nowhere in the log or the metrics.
 *
 * @param quiet - the pattern of the route whose successes are not worth a line
 */
export function logRequest(
  logger: Logger,
  quiet: string,
  response: RoutedResponse,
  context: RequestContext,
  metrics: HttpMetrics | undefined,
): void {
  const { method, route } = response.req;
  const status = response.statusCode;
  const ms = performance.now() - context.startedAt;
  const isFinished = response.writableFinished;
  metrics?.observe(route?.path, method, isFinished ? status : CLIENT_GONE, ms / 1000);
  if (route?.path === quiet && status === 200) return;
  logger[levelOf(status, context.code)]({
    msg: 'request',
    method,
    route: route?.path ?? null,
    status,
    ms: Math.round(ms * 10) / 10,
    client: context.client,
    requestId: context.requestId,
    // What is undefined is not written.
    traceId: context.traceId || undefined,
    caller: context.callerId,
    code: context.code,
    reason: context.reason,
    aborted: isFinished ? undefined : true,
  });
}
