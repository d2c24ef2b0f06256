import type { IncomingMessage } from 'node:http';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Actor } from '../domain/actor.js';
import { contextOf } from '../http/request-context.js';
import { callerOf } from './access.guard.js';
import type { Caller } from '../domain/caller.js';

/** A caller and its request: what a use case needs to know about it. */
export interface RequestActor extends Actor {
  readonly actions: Caller['actions'];
  /** See {@link Caller}. */
  readonly unlimited?: boolean;
}

/** A handler's parameter: on whose behalf it works, with the actions that the caller had when it was last let in. */
export const ByActor = createParamDecorator((_: unknown, context: ExecutionContext): RequestActor => {
  const request = context.switchToHttp().getRequest<IncomingMessage>();
  const { id } = callerOf(request);
  const { requestId, client, assertStillAllowed } = contextOf(request);
  return {
    ...{ id, requestId, client, assertStillAllowed },
    get actions() {
      return callerOf(request).actions;
    },
    get unlimited() {
      return callerOf(request).unlimited === true;
    },
  };
});
