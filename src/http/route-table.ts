import type { IncomingMessage } from 'node:http';

/** What of Express's router is read here. */
interface Router {
  readonly stack: readonly {
    readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
  }[];
}

/** One path and the methods that it answers. */
export interface Route {
  readonly path: string;
  /** Upper case, `HEAD` beside each `GET`. */
  readonly methods: readonly string[];
}

/** The routes that Express knows, to tell an unknown path from a known path with another method. */
export class RouteTable {
  readonly routes: readonly Route[];

  constructor(router: Router) {
    const methods = new Map<string, Set<string>>();
    for (const { route } of router.stack) {
      if (route === undefined) continue;
      const known = methods.get(route.path) ?? new Set();
      methods.set(route.path, known);
      for (const method of Object.keys(route.methods)) known.add(method.toUpperCase());
      if (known.has('GET')) known.add('HEAD');
    }
    this.routes = [...methods].map(([path, known]) => ({ path, methods: [...known].sort() }));
  }

  /** The route of a request's path, for any method: one without a parameter first. */
  find(request: IncomingMessage): Route | undefined {
    const [text = ''] = (request.url ?? '').split('?', 1);
    const path = text.split('/');
    const spelledOut = this.routes.find((route) => route.path === text);
    if (spelledOut !== undefined) return spelledOut;
    return this.routes.find((route) => {
      const pattern = route.path.split('/');
      return (
        pattern.length === path.length &&
        pattern.every((part, index) => (part.startsWith(':') ? path[index] !== '' : part === path[index]))
      );
    });
  }
}
