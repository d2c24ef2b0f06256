import type { IncomingMessage } from 'node:http';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { AccessDeniedError } from '../domain/access-denied-error.js';
import { contextOf } from '../http/request-context.js';
import { Authenticator } from './authenticator.js';
import type { Caller } from '../domain/caller.js';
import type { KnownSession } from '../domain/session.js';
import { describeRequirement, isMet, missingActions, type Requirement } from '../domain/requirement.js';
import { ACCESS_RULE, type AccessRule, SIGNED_IN } from '../http/require-action.decorator.js';
import { SessionAuthenticator, type SessionCaller } from './session-authenticator.js';

const CALLER = Symbol('Caller');
const SESSION = Symbol('Session');
type Admitted = IncomingMessage & { [CALLER]?: Caller; [SESSION]?: KnownSession };

/**
 * Authenticates the caller of each request (401) and checks its action (403). A handler without a rule
 * refuses every caller, so an endpoint without protection never answers.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly sessions: SessionAuthenticator,
  ) {}

  /** @throws ServiceError (401, 503), AccessDeniedError */
  canActivate(context: ExecutionContext): true | Promise<true> {
    const rule = Reflect.getMetadata(ACCESS_RULE, context.getHandler()) as AccessRule | undefined;
    if (rule !== undefined && 'open' in rule) return true;
    const request = context.switchToHttp().getRequest<IncomingMessage>();
    const caller = this.#authenticate(request);
    return caller instanceof Promise
      ? caller.then((known) => this.#authorize(request, known, rule))
      : this.#authorize(request, caller, rule);
  }

  /** By the header where there is one; a cookie beside it is not looked at. */
  #authenticate(request: IncomingMessage): Caller | Promise<Caller> {
    const origin = contextOf(request);
    if (request.headers.authorization === undefined) {
      const found = this.sessions.authenticate(request, origin);
      if (found instanceof Promise) return found.then((session) => bySession(request, session));
      if (found !== undefined) return bySession(request, found);
    }
    return this.authenticator.authenticate(onlyAuthorization(request), origin);
  }

  #authorize(request: IncomingMessage, caller: Caller, rule: Demand | undefined): true {
    const known = contextOf(request);
    known.callerId = caller.id;
    if (rule === undefined) throw new AccessDeniedError([], 'the endpoint declares no action');
    assertMeets(caller, rule);
    (request as Admitted)[CALLER] = caller;
    if (!rule.fromMemory) known.assertStillAllowed = () => this.#authorizeAgain(request, caller, rule);
    const { authorization } = request.headers;
    if (known.basis !== undefined && authorization !== undefined)
      known.readmit = this.authenticator.again(authorization);
    return true;
  }

  /**
   * Judges a caller anew that waited for its body or for other changes. It was right before, so nothing is counted.
   * @throws ServiceError, AccessDeniedError
   */
  #authorizeAgain(request: IncomingMessage, { id }: Caller, rule: Demand): void {
    const session = sessionOf(request);
    const caller =
      session === undefined
        ? this.authenticator.callerAgain(id, request.headers.authorization as string)
        : this.sessions.callerAgain(request, session);
    assertMeets(caller, rule);
    (request as Admitted)[CALLER] = caller;
  }
}

type Demand = Exclude<AccessRule, { readonly open: true }>;

/** @throws AccessDeniedError */
function assertMeets(caller: Caller, { action }: Demand): void {
  if (action !== SIGNED_IN && !isMet(action, caller.actions))
    throw new AccessDeniedError([describeRequirement(action)], reasonOf(caller, action));
}

function bySession(request: IncomingMessage, { caller, session }: SessionCaller): Caller {
  (request as Admitted)[SESSION] = session;
  return caller;
}

/** The session of the page that a request belongs to; undefined where its caller sent credentials. */
export function sessionOf(request: IncomingMessage): KnownSession | undefined {
  return (request as Admitted)[SESSION];
}

/** Why a caller was refused, for the log: the answer says what is needed, this says what of it is missing. */
function reasonOf({ id, actions, withheld }: Caller, requirement: Requirement): string {
  const missing = missingActions(requirement, actions);
  const names = missing.join(', ');
  if (missing.some((action) => withheld?.has(action)))
    return `${id} lacks ${names}: the account has the action, the token does not, as its maker lacked it. Make a new token as a caller who has it`;
  return missing.length === 0 ? 'the endpoint names no action' : `${id} lacks ${names}`;
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
