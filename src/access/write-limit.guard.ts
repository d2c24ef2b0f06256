import type { IncomingMessage } from 'node:http';
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { SERVICE_CONFIG, type ServiceConfig } from '../config/service-config.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import { ServiceError } from '../domain/service-error.js';
import { callerOf } from './access.guard.js';
import { AttemptWindow } from './attempt-window.js';

const MINUTE_MS = 60_000;

/** Bounds how often one caller writes. Runs after the access guard; reading is not limited. */
@Injectable()
export class WriteLimitGuard implements CanActivate {
  readonly #writes: AttemptWindow;

  constructor(@Inject(SERVICE_CONFIG) config: ServiceConfig, @Inject(CLOCK) clock: Clock) {
    this.#writes = new AttemptWindow(clock, config.access.writesPerMinute, MINUTE_MS);
  }

  /** @throws ServiceError `too-many-requests` */
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<IncomingMessage>();
    if (request.method === 'GET' || request.method === 'HEAD') return true;
    const { id } = callerOf(request);
    if (this.#writes.take(id)) return true;
    throw new ServiceError('too-many-requests', undefined, { retryAfter: this.#writes.retryAfter(id) });
  }
}
