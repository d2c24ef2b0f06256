import type { IncomingMessage } from 'node:http';
import type { RootUrl } from '../domain/root-url.js';
import { ServiceError } from '../domain/service-error.js';
import { type CookieKind, sessionSecret } from './session-cookie.js';

/** Names of the machine itself with any port, as `Host` has them. Browsers take plain HTTP to these for safe. */
const LOOPBACK = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i;

/**
 * Tells the calls of our own page from those that another page makes the browser send (CSRF). What a browser says in
 * `Sec-Fetch-Site` and `Origin` no page can change.
 */
export class PageOrigin {
  readonly #own: string;

  /** @param rootUrl - where browsers find the service */
  constructor({ canonical }: RootUrl) {
    this.#own = new URL(canonical).origin;
  }

  /**
   * The cookie that a caller who signs in gets.
   * @throws ServiceError `session.insecure`, `session.foreign-origin`
   */
  cookieFor(request: IncomingMessage): CookieKind {
    const { origin } = request.headers;
    const onLoopback = loopbackOrigin(request);
    const kind = origin === undefined ? this.#kindByHost(request) : this.#kindOf(origin, onLoopback);
    if (kind === 'insecure') throw new ServiceError('session.insecure');
    if (kind === undefined || !this.isOwnCall(request)) {
      throw new ServiceError('session.foreign-origin', undefined, {
        detail: `open the page at the address that ROOT_URL names: ${this.#own}`,
      });
    }
    return kind;
  }

  /**
   * Whether our own page makes this call. `Sec-Fetch-Site` decides, and an `Origin` has to be ours in any case; a call
   * with neither is refused, such as a link that is opened or a program.
   */
  isOwnCall(request: IncomingMessage): boolean {
    const { origin, 'sec-fetch-site': site } = request.headers;
    const isOwn = origin === this.#own || (origin !== undefined && origin === loopbackOrigin(request));
    if (site !== undefined) return site === 'same-origin' && (origin === undefined || isOwn);
    return isOwn;
  }

  /**
   * The secret of the session that a call of our page belongs to. A cookie without `__Host-` counts on localhost alone:
   * elsewhere another host of the same domain can have set it.
   */
  secretIn(request: IncomingMessage): string | undefined {
    const secure = sessionSecret(request, 'secure');
    if (secure !== undefined) return secure;
    const local = loopbackOrigin(request);
    const { origin = local } = request.headers;
    return local !== undefined && origin === local ? sessionSecret(request, 'plain') : undefined;
  }

  #kindOf(origin: string, onLoopback: string | undefined): CookieKind | 'insecure' | undefined {
    if (origin === onLoopback) return 'plain';
    if (origin.startsWith('http://')) return 'insecure';
    return origin === this.#own ? 'secure' : undefined;
  }

  #kindByHost(request: IncomingMessage): CookieKind | 'insecure' {
    if (this.#own.startsWith('https://')) return 'secure';
    return loopbackOrigin(request) === undefined ? 'insecure' : 'plain';
  }
}

/** The origin of a request to this machine over plain HTTP, as its `Host` says; undefined for another host. */
function loopbackOrigin({ headers: { host = '' } }: IncomingMessage): string | undefined {
  const address = `http://${host}`;
  return LOOPBACK.test(host) && URL.canParse(address) ? new URL(address).origin : undefined;
}
