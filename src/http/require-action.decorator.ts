import { UseInterceptors } from '@nestjs/common';
import type { Requirement } from '../domain/requirement.js';
import { DeadlineInterceptor } from './deadline.interceptor.js';

/** In the place of an action: any caller who is known may call. */
export const SIGNED_IN = 'signed-in';

/** What an endpoint demands of its caller. */
export type AccessRule =
  | {
      readonly action: Requirement | typeof SIGNED_IN;
      readonly fromMemory: boolean;
      readonly isFrequent: boolean;
      readonly isBatched: boolean;
    }
  | { readonly open: true };

export const ACCESS_RULE = 'licentia:access-rule';

/**
 * Lets in callers who hold what it says: an action, `anyOf` or `allOf` several. An endpoint without a rule lets
 * nobody in.
 * @param fromMemory - the handler needs nothing but memory, so it is answered when everything else is shed
 * @param isFrequent - a product calls it for each of its users, so it does not count as a write of its caller
 * @param isBatched - one transaction does the work of many requests, so it waits for no slot of its caller
 */
export function RequireAction(
  action: Requirement,
  { fromMemory = false, isFrequent = false, isBatched = false } = {},
): MethodDecorator {
  return rule({ action, fromMemory, isFrequent, isBatched });
}

/** Lets in every caller who is known, regardless of its actions. @param fromMemory - as for {@link RequireAction} */
export function RequireCaller({ fromMemory = false } = {}): MethodDecorator {
  return rule({ action: SIGNED_IN, fromMemory, isFrequent: false, isBatched: false });
}

/** Admits every client, without credentials: probes and the API's own description. */
export function OpenToAll(): MethodDecorator {
  return rule({ open: true });
}

/** A second rule for a handler would silently win over the first: it is a mistake that ends the start. */
function rule(value: AccessRule): MethodDecorator {
  return (target, name, descriptor) => {
    const handler = descriptor.value as object;
    if (Reflect.hasMetadata(ACCESS_RULE, handler)) throw new Error(`${String(name)} has two access rules`);
    Reflect.defineMetadata(ACCESS_RULE, value, handler);
    // What memory answers waits for nothing, and takes no work slot.
    if (!('open' in value) && !value.fromMemory)
      UseInterceptors(DeadlineInterceptor)(target, name, descriptor);
  };
}
