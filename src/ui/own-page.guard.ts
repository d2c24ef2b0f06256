import type { IncomingMessage } from 'node:http';
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { SERVICE_CONFIG, type ServiceConfig } from '../config/service-config.js';
import { PageOrigin } from '../http/page-origin.js';
import { type CookieKind } from '../http/session-cookie.js';

const COOKIE = Symbol('CookieKind');
type Sent = IncomingMessage & { [COOKIE]?: CookieKind };

/** Refuses to sign in for a page that is not ours, and where no cookie is safe: before the body is read. */
@Injectable()
export class OwnPageGuard implements CanActivate {
  readonly #origin: PageOrigin;

  constructor(@Inject(SERVICE_CONFIG) { rootUrl }: ServiceConfig) {
    this.#origin = new PageOrigin(rootUrl);
  }

  /** @throws ServiceError `session.insecure`, `session.foreign-origin` */
  canActivate(context: ExecutionContext): true {
    const request = context.switchToHttp().getRequest<Sent>();
    request[COOKIE] = this.#origin.cookieFor(request);
    return true;
  }
}

/** The cookie for a request that the guard let pass. */
export function cookieKindOf(request: IncomingMessage): CookieKind {
  const kind = (request as Sent)[COOKIE];
  if (kind === undefined) throw new Error('no guard looked at the request');
  return kind;
}
