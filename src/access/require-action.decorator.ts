import { type CustomDecorator, SetMetadata } from '@nestjs/common';
import type { Action } from './actions.js';

/** What an endpoint demands of its caller. */
export type AccessRule = { readonly action: Action } | { readonly open: true };

export const ACCESS_RULE = 'licentia:access-rule';

/** Lets in callers who hold the action. An endpoint without a rule lets nobody in. */
export function RequireAction(action: Action): CustomDecorator {
  return SetMetadata(ACCESS_RULE, { action } satisfies AccessRule);
}

/** Lets everybody in, without credentials: probes and the API's own description. */
export function OpenToAll(): CustomDecorator {
  return SetMetadata(ACCESS_RULE, { open: true } satisfies AccessRule);
}
