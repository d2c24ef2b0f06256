import { type IncomingMessage, type ServerResponse } from 'node:http';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import { AccessDeniedError } from '../domain/access-denied-error.js';
import { ERROR_CATALOGUE, type ErrorCode, ServiceError } from '../domain/service-error.js';
import type { Metrics } from '../metrics/metrics.js';
import { errorBody } from './error-body.js';
import { contextOf } from './request-context.js';
import { RouteTable } from './route-table.js';

/** Which role has which action; in the log, as the body of a 403 is fixed. */
export const ACCESS_DOCUMENT = 'docs/access.md#give-the-missing-role';

/** A request that is answered with 401 or 403. */
export interface RefusedRequest {
  readonly code: ErrorCode;
  readonly client: string;
  /** {@link Caller.id}; empty for a caller who is not known. */
  readonly caller: string;
  /** Method and pattern of the route. */
  readonly operation: string;
}

/** The only place where an error becomes an answer. What is not known says nothing. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  readonly #logger = new Logger(ErrorFilter.name);
  readonly #errors: (labels: { readonly code: ErrorCode }) => void;
  #routes: RouteTable | undefined;

  constructor(
    private readonly host: HttpAdapterHost,
    metrics: Metrics,
    /** Hears of each request that is answered with 401 or 403. */
    private readonly refused: (refusal: RefusedRequest) => void = () => undefined,
  ) {
    this.#errors = metrics.counter(
      'licentia_http_errors_total',
      'Requests that were answered with an error, by its code.',
      { code: Object.keys(ERROR_CATALOGUE) as ErrorCode[] },
    );
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<IncomingMessage>();
    const response = host.switchToHttp().getResponse<ServerResponse>();
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (error instanceof AccessDeniedError) {
      this.#errors({ code: 'access.denied' });
      this.#refuse(request, 'access.denied');
      contextOf(request).code = 'access.denied';
      contextOf(request).reason = error.reason;
      this.#logger.warn({
        msg: 'access denied',
        accessErrorId: error.id,
        needed: error.needed,
        reason: error.reason,
        requestId: contextOf(request).requestId,
        doc: ACCESS_DOCUMENT,
      });
      this.#answer(response, error.body(), 403);
      return;
    }
    const known = this.#known(error, request, response);
    this.#errors({ code: known.code });
    if (known.status === 401) this.#refuse(request, known.code);
    const { traceId } = contextOf(request);
    contextOf(request).code = known.code;
    contextOf(request).reason ??= reasonOf(known);
    if (known.retryAfter !== undefined) {
      response.setHeader('Retry-After', Math.min(3600, Math.max(1, Math.ceil(known.retryAfter))));
    }
    this.#answer(
      response,
      { ...errorBody(known.status, known.code, known.message, traceId, known.detail), ...known.members },
      known.status,
    );
  }

  #known(error: unknown, request: IncomingMessage, response: ServerResponse): ServiceError {
    if (error instanceof ServiceError) return error;
    if (isUndecodable(error)) return new ServiceError('not-found');
    if (isFromRouter(error)) {
      this.#routes ??= new RouteTable(this.host.httpAdapter.getInstance<{ router: never }>().router);
      const route = this.#routes.find(request);
      if (route === undefined || route.methods.includes(request.method ?? ''))
        return new ServiceError('not-found');
      response.setHeader('Allow', route.methods.join(', '));
      return new ServiceError('method-not-allowed');
    }
    this.#logger.error({ msg: 'unexpected error', err: error, requestId: contextOf(request).requestId });
    return new ServiceError('internal-error');
  }

  #refuse(request: IncomingMessage & { route?: { path?: string } }, code: ErrorCode): void {
    const { client, callerId = '' } = contextOf(request);
    const operation = `${request.method} ${request.route?.path ?? ''}`;
    this.refused({ code, client, caller: callerId, operation });
  }

  #answer(response: ServerResponse, body: object, status: number): void {
    response.setHeader('Content-Type', 'application/json; charset=utf-8');
    this.host.httpAdapter.reply(response, body, status);
  }
}

/** Our own code throws ServiceError alone, so these come from the router: nothing matched. */
function isFromRouter(error: unknown): boolean {
  return error instanceof HttpException && error.getStatus() === 404;
}

/** A path with a parameter that cannot be decoded (`%zz`), and that so is none of ours. Nest wraps Express's error. */
function isUndecodable(error: unknown): boolean {
  return error instanceof HttpException && error.cause instanceof URIError;
}

/** What the log repeats of a failure: code, the caller's sentence and what is behind it. */
function reasonOf(error: ServiceError): string {
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${error.code}${error.detail === undefined ? '' : ` (${error.detail})`}${cause}`;
}
