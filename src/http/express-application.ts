import { IncomingMessage, ServerResponse } from 'node:http';

/** What Nest's adapter calls for each request. */
export type ExpressApplication = ((
  request: IncomingMessage,
  response: ServerResponse,
  done: (error: unknown) => void,
) => void) & {
  readonly router: object;
  request: object;
  response: object;
};

/** Copies what Express adds to a prototype (its own chain down to Node's), getters as getters. */
export function adopt(prototype: object, express: object): void {
  const base = Object.getPrototypeOf(express) as object | null;
  if (base !== null && base !== IncomingMessage.prototype && base !== ServerResponse.prototype)
    adopt(prototype, base);
  Object.defineProperties(prototype, Object.getOwnPropertyDescriptors(express));
}
