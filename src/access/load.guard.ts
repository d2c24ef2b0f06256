import type { IncomingMessage } from 'node:http';
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { type AccessConfig, SERVICE_CONFIG, type ServiceConfig } from '../config/service-config.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import { ServiceError } from '../domain/service-error.js';
import { maxOfOneCaller } from '../http/connections.js';
import { contextOf } from '../http/request-context.js';
import { callerOf } from './access.guard.js';
import { AttemptWindow } from './attempt-window.js';
import { ACCESS_RULE, type AccessRule } from '../http/require-action.decorator.js';
import { WorkSlots } from './work-slots.js';

const MINUTE_MS = 60_000;
/** The key of what all callers do together. */
const EVERYBODY = '';

/**
 * Bounds how often one caller and all of them write, and how much is worked on at a time. Runs after the access guard
 * and before the body is read. What memory answers passes: it is shed last (docs/decisions/0007-limits.md).
 */
@Injectable()
export class LoadGuard implements CanActivate {
  readonly #writes: AttemptWindow;
  readonly #allWrites: AttemptWindow;
  readonly #slots: WorkSlots;

  constructor(@Inject(SERVICE_CONFIG) { access, http }: ServiceConfig, @Inject(CLOCK) clock: Clock) {
    const { writesPerMinute, allWritesPerMinute, maxInWork }: AccessConfig = access;
    this.#writes = new AttemptWindow(clock, writesPerMinute, MINUTE_MS);
    this.#allWrites = new AttemptWindow(clock, allWritesPerMinute, MINUTE_MS, 1);
    this.#slots = new WorkSlots(maxInWork, maxOfOneCaller(http.maxConnections));
  }

  /** @throws ServiceError `too-many-requests` */
  canActivate(context: ExecutionContext): boolean {
    const rule = Reflect.getMetadata(ACCESS_RULE, context.getHandler()) as AccessRule;
    if ('open' in rule || rule.fromMemory) return true;
    const request = context.switchToHttp().getRequest<IncomingMessage>();
    const { id } = callerOf(request);
    const release = this.#slots.take(id);
    if (release === undefined) throw tooMany(1);
    try {
      if (request.method !== 'GET' && request.method !== 'HEAD') this.#countWrite(id);
    } catch (error) {
      release();
      throw error;
    }
    contextOf(request).release = release;
    return true;
  }

  #countWrite(caller: string): void {
    if (!this.#writes.take(caller)) throw tooMany(this.#writes.retryAfter(caller));
    if (!this.#allWrites.take(EVERYBODY)) throw tooMany(this.#allWrites.retryAfter(EVERYBODY));
  }
}

function tooMany(retryAfter: number): ServiceError {
  return new ServiceError('too-many-requests', undefined, { retryAfter });
}
