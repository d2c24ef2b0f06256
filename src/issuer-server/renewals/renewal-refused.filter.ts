import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ArgumentsHost, Catch, type ExceptionFilter, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { contextOf } from '../../http/request-context.js';
import { Metrics } from '../../metrics/metrics.js';
import { type RefusalCode, REFUSALS, RenewalRefusedError } from './renewal-refused-error.js';

/** Answers refusals as the issuer protocol has them; every other failure goes on to the common filter. */
@Injectable()
@Catch(RenewalRefusedError)
export class RenewalRefusedFilter implements ExceptionFilter<RenewalRefusedError> {
  readonly #refused: (labels: { readonly code: RefusalCode }) => void;

  constructor(
    private readonly host: HttpAdapterHost,
    metrics: Metrics,
  ) {
    this.#refused = metrics.counter(
      'licentia_renewals_refused_total',
      'Renewals that the issuer refused, by the code of the answer.',
      { code: Object.keys(REFUSALS) as RefusalCode[] },
    );
  }

  catch(refused: RenewalRefusedError, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<IncomingMessage>();
    const response = host.switchToHttp().getResponse<ServerResponse>();
    const { cause } = refused;
    this.#refused({ code: refused.code });
    contextOf(request).code = refused.code;
    contextOf(request).reason = cause instanceof Error ? `${refused.code}: ${cause.message}` : refused.code;
    if (refused.status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
    if (refused.retryAfter !== undefined) response.setHeader('Retry-After', refused.retryAfter);
    this.host.httpAdapter.reply(response, refused.body(), refused.status);
  }
}
