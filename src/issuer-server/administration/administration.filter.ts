import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ArgumentsHost, Catch, type ExceptionFilter, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ConfigError } from '../../config/environment.js';
import { contextOf } from '../../http/request-context.js';
import { IssuerServerError } from '../issuer-server-error.js';
import { ClockDoubtError } from '../record/clock-doubt-error.js';

const STATUS = {
  invalid_terms: 400,
  license_unknown: 404,
  key_unknown: 404,
  conflict: 409,
  clock_unconfirmed: 503,
} as const;

/** When another try makes sense while the clock is in doubt, seconds. */
const RETRY_AFTER = 60;

/** Answers what an operator cannot have; every other failure goes on to the common filter. */
@Injectable()
@Catch(IssuerServerError, ClockDoubtError, ConfigError)
export class AdministrationFilter implements ExceptionFilter<Error> {
  constructor(private readonly host: HttpAdapterHost) {}

  catch(error: IssuerServerError | ClockDoubtError | ConfigError, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<IncomingMessage>();
    const response = host.switchToHttp().getResponse<ServerResponse>();
    const code = codeOf(error);
    contextOf(request).code = code;
    if (code === 'clock_unconfirmed') response.setHeader('Retry-After', RETRY_AFTER);
    const { field } = error instanceof IssuerServerError ? error : { field: undefined };
    const body = { code, message: error.message, ...(field ? { field } : {}) };
    this.host.httpAdapter.reply(response, body, STATUS[code]);
  }
}

function codeOf(error: IssuerServerError | ClockDoubtError | ConfigError): keyof typeof STATUS {
  if (error instanceof IssuerServerError) return error.code;
  // A private key that cannot be read is a state of the issuer, too.
  return error instanceof ClockDoubtError ? 'clock_unconfirmed' : 'conflict';
}
