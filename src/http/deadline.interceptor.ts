import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import { type Observable, throwError, timeout } from 'rxjs';
import { SERVICE_CONFIG, type ServiceConfig } from '../config/service-config.js';
import { requestDeadlineMs } from '../domain/request-deadline.js';
import { ServiceError } from '../domain/service-error.js';

/**
 * Ends a request that something it waits for never answers: the caller is told, and its work slot is free
 * again. What it waited for may still come to its end.
 */
@Injectable()
export class DeadlineInterceptor implements NestInterceptor {
  readonly #deadlineMs: number;

  constructor(@Inject(SERVICE_CONFIG) { issuer }: ServiceConfig) {
    this.#deadlineMs = requestDeadlineMs(issuer.timeoutMs);
  }

  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const overdue = () => throwError(() => new ServiceError('request.overdue', undefined, { retryAfter: 1 }));
    return next.handle().pipe(timeout({ first: this.#deadlineMs, with: overdue }));
  }
}
