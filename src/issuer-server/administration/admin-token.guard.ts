import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type CanActivate,
  createParamDecorator,
  type ExecutionContext,
  Inject,
  Injectable,
  Logger,
} from '@nestjs/common';
import { AttemptWindow } from '../../domain/attempt-window.js';
import { ISSUER_SERVER_CONFIG, type IssuerServerConfig } from '../../config/issuer-server-config.js';
import { type Clock, CLOCK } from '../../domain/clock.js';
import { ServiceError } from '../../domain/service-error.js';
import { networkOf } from '../../http/client-address.js';
import { contextOf } from '../../http/request-context.js';

/** Wrong tokens in a minute: from one client, and from all together. */
const MAX_WRONG = 10;
const MAX_WRONG_OF_ALL = 100;
const MINUTE_MS = 60_000;
const EVERYBODY = '';

/** Who does it, for the history of a license and the log. */
export const Operator = createParamDecorator((_: unknown, context: ExecutionContext): string => {
  const { client } = contextOf(context.switchToHttp().getRequest<IncomingMessage>());
  return `admin token from ${client}`;
});

/**
 * Admits a caller with `ISSUER_ADMIN_TOKEN` in the one `Authorization` header. Wrong tokens are answered with 429 after
 * some; the right one is never refused for them.
 */
@Injectable()
export class AdminTokenGuard implements CanActivate {
  readonly #logger = new Logger(AdminTokenGuard.name);
  readonly #hash: Buffer | undefined;
  readonly #byClient: AttemptWindow;
  readonly #all: AttemptWindow;
  readonly #warnings: AttemptWindow;

  constructor(@Inject(ISSUER_SERVER_CONFIG) { adminToken }: IssuerServerConfig, @Inject(CLOCK) clock: Clock) {
    this.#hash = adminToken === undefined ? undefined : hashOf(adminToken);
    this.#byClient = new AttemptWindow(clock, MAX_WRONG, MINUTE_MS);
    this.#all = new AttemptWindow(clock, MAX_WRONG_OF_ALL, MINUTE_MS, 1);
    this.#warnings = new AttemptWindow(clock, 1, MINUTE_MS, 1);
  }

  /** @throws ServiceError `auth.unauthorized`, `too-many-requests` */
  canActivate(context: ExecutionContext): boolean {
    const http = context.switchToHttp();
    const request = http.getRequest<IncomingMessage>();
    const token = bearerToken(request);
    if (token !== undefined && this.#hash !== undefined && timingSafeEqual(hashOf(token), this.#hash)) {
      contextOf(request).callerId = 'admin-token';
      return true;
    }
    http.getResponse<ServerResponse>().setHeader('WWW-Authenticate', 'Bearer');
    throw this.#refusal(networkOf(contextOf(request).client));
  }

  #refusal(client: string): ServiceError {
    const full = [
      ...(this.#byClient.take(client) ? [] : [this.#byClient.retryAfter(client)]),
      ...(this.#all.take(EVERYBODY) ? [] : [this.#all.retryAfter(EVERYBODY)]),
    ];
    if (full.length === 0) return new ServiceError('auth.unauthorized');
    if (this.#warnings.take(EVERYBODY))
      this.#logger.warn({ msg: 'too many wrong tokens at the administration of the issuer', client });
    return new ServiceError('too-many-requests', undefined, { retryAfter: Math.max(...full) });
  }
}

/** RFC 6750, section 2.1; of two headers nobody could say which one counts. */
function bearerToken({ headersDistinct }: IncomingMessage): string | undefined {
  const headers = headersDistinct.authorization ?? [];
  return headers.length === 1 ? /^Bearer +(\S+)$/i.exec(headers[0] ?? '')?.[1] : undefined;
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
