import type { IncomingMessage } from 'node:http';
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { AccessConfig } from '../config/access-config.js';
import { SERVICE_CONFIG, type ServiceConfig } from '../config/service-config.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import { ServiceError } from '../domain/service-error.js';
import { maxOfOneCaller } from '../http/connections.js';
import { contextOf, type RequestContext } from '../http/request-context.js';
import { callerOf } from './access.guard.js';
import { AttemptWindow } from '../domain/attempt-window.js';
import { ACCESS_RULE, type AccessRule } from '../http/require-action.decorator.js';
import { FairSlots } from './fair-slots.js';
import { WorkSlots } from './work-slots.js';

const MINUTE_MS = 60_000;
/** So many requests read at a time: half of the connections to a server, or the only one to an embedded database. */
const READ_SLOTS = { postgres: 5, embedded: 1, memory: 1 };
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
  readonly #reads: FairSlots;

  constructor(
    @Inject(SERVICE_CONFIG) { access, database, http }: ServiceConfig,
    @Inject(CLOCK) clock: Clock,
  ) {
    const { writesPerMinute, allWritesPerMinute, maxInWork }: AccessConfig = access;
    this.#writes = new AttemptWindow(clock, writesPerMinute, MINUTE_MS);
    this.#allWrites = new AttemptWindow(clock, allWritesPerMinute, MINUTE_MS, 1);
    this.#slots = new WorkSlots(maxInWork, maxOfOneCaller(http.maxConnections));
    this.#reads = new FairSlots(READ_SLOTS[database.location.kind]);
  }

  /** @throws ServiceError `too-many-requests`; `database.unavailable` where reads waited in vain for that reason */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const rule = Reflect.getMetadata(ACCESS_RULE, context.getHandler()) as AccessRule;
    if ('open' in rule || rule.fromMemory) return true;
    const request = context.switchToHttp().getRequest<IncomingMessage>();
    const { id } = callerOf(request);
    const release = this.#slots.take(id);
    if (release === undefined) throw tooMany(1);
    const isWrite = request.method !== 'GET' && request.method !== 'HEAD';
    try {
      if (isWrite && !rule.isFrequent) this.#countWrite(id);
    } catch (error) {
      release();
      throw error;
    }
    const own = contextOf(request);
    own.release = release;
    if (isWrite && (!rule.isFrequent || rule.isBatched)) return true;
    const takeRead = () => this.#takeRead(id, own);
    if (!hasBody(request)) return takeRead()?.then(() => stillAllowed(own)) ?? true;
    own.afterBody = takeRead;
    return true;
  }

  /** Waits while other callers are served: the reads of one keep none of the others out of the database. */
  #takeRead(caller: string, context: RequestContext): Promise<void> | undefined {
    const keep = (giveBack: (outage: boolean) => void): undefined => {
      const { release } = context;
      // The request is over already.
      if (release === undefined) return void giveBack(false);
      context.release = () => {
        release();
        giveBack(context.code === 'database.unavailable');
      };
    };
    const slot = this.#reads.take(caller);
    return slot instanceof Promise ? slot.then(keep) : keep(slot);
  }

  #countWrite(caller: string): void {
    if (!this.#writes.take(caller)) throw tooMany(this.#writes.retryAfter(caller));
    if (!this.#allWrites.take(EVERYBODY)) throw tooMany(this.#allWrites.retryAfter(EVERYBODY));
  }
}

/** Its caller may have lost its rights in the queue. @throws ServiceError, AccessDeniedError */
function stillAllowed({ assertStillAllowed }: RequestContext): true {
  assertStillAllowed?.();
  return true;
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

function tooMany(retryAfter: number): ServiceError {
  return new ServiceError('too-many-requests', undefined, { retryAfter });
}
