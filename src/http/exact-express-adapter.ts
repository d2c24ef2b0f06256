import type { IncomingMessage } from 'node:http';
import { ExpressAdapter } from '@nestjs/platform-express';

type Handler = (
  request: IncomingMessage & { readonly path: string },
  response: unknown,
  next: () => void,
) => unknown;
type Route = Parameters<ExpressAdapter['get']>;

/**
 * Nest's Express adapter, in which a route with a parameter answers for no path of a route without one:
 * `PATCH /api/serviceaccounts/search` is a method that the search does not have, and not the change of an account
 * called "search".
 */
export class ExactExpressAdapter extends ExpressAdapter {
  readonly #spelledOut = new Set<string>();

  override get(...route: unknown[]): unknown {
    return super.get(...this.#exact(route));
  }

  override post(...route: unknown[]): unknown {
    return super.post(...this.#exact(route));
  }

  override put(...route: unknown[]): unknown {
    return super.put(...this.#exact(route));
  }

  override patch(...route: unknown[]): unknown {
    return super.patch(...this.#exact(route));
  }

  override delete(...route: unknown[]): unknown {
    return super.delete(...this.#exact(route));
  }

  #exact(route: unknown[]): Route {
    const [path, handler] = route as [unknown, Handler | undefined];
    if (typeof path !== 'string' || handler === undefined) return route as Route;
    if (!path.includes(':')) {
      this.#spelledOut.add(path);
      return route as Route;
    }
    const other: Handler = (request, response, next) =>
      this.#spelledOut.has(request.path) ? next() : handler(request, response, next);
    return [path, Object.assign(other, handler)] as unknown as Route;
  }
}
