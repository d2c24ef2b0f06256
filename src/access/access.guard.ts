import type { IncomingMessage } from 'node:http';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { AccessDeniedError } from '../domain/access-denied-error.js';
import { contextOf } from '../http/request-context.js';
import type { Action } from '../domain/actions.js';
import { Authenticator } from './authenticator.js';
import type { Caller } from '../domain/caller.js';
import { ACCESS_RULE, type AccessRule } from '../http/require-action.decorator.js';

const CALLER = Symbol('Caller');
type Admitted = IncomingMessage & { [CALLER]?: Caller };

/**
 * Authenticates the caller of each request (401) and checks its action (403). A handler without a rule
 * refuses every caller, so an endpoint without protection never answers.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(private readonly authenticator: Authenticator) {}

  /** @throws ServiceError (401, 503), AccessDeniedError */
  canActivate(context: ExecutionContext): true | Promise<true> {
    const rule = Reflect.getMetadata(ACCESS_RULE, context.getHandler()) as AccessRule | undefined;
    if (rule !== undefined && 'open' in rule) return true;
    const request = context.switchToHttp().getRequest<IncomingMessage>();
    const caller = this.authenticator.authenticate(onlyAuthorization(request), contextOf(request));
    return caller instanceof Promise
      ? caller.then((known) => this.#authorize(request, known, rule))
      : this.#authorize(request, caller, rule);
  }

  #authorize(request: IncomingMessage, caller: Caller, rule: { readonly action: Action } | undefined): true {
    const known = contextOf(request);
    known.callerId = caller.id;
    if (rule === undefined) throw new AccessDeniedError([], 'the endpoint declares no action');
    if (!caller.actions.has(rule.action)) {
      const reason = caller.withheld?.has(rule.action)
        ? ': the account has this action, the token does not: its maker lacked it. Make a new token as a caller who has it'
        : ' does not hold the action';
      throw new AccessDeniedError([rule.action], `${caller.id}${reason}`);
    }
    (request as Admitted)[CALLER] = caller;
    const { authorization } = request.headers;
    if (known.basis !== undefined && authorization !== undefined)
      known.readmit = this.authenticator.again(authorization);
    return true;
  }
}

/** The caller whom the guard let in. */
export function callerOf(request: IncomingMessage): Caller {
  const caller = (request as Admitted)[CALLER];
  if (caller === undefined) throw new Error('nobody was let in');
  return caller;
}

/** The header's value when there is exactly one: Node would keep the first of several silently. */
function onlyAuthorization(request: IncomingMessage): string | undefined {
  const { headers, rawHeaders } = request;
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (name.length === 13 && name.toLowerCase() === 'authorization') count += 1;
  }
  return count === 1 ? headers.authorization : undefined;
}
