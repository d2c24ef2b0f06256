import type { IncomingMessage } from 'node:http';

/** The name over TLS: browsers take it over TLS from this host alone, for every path (RFC 6265bis, section 4.1.3.2). */
const SECURE_NAME = '__Host-licentia_session';
/** The name on localhost, where there is no TLS. */
const PLAIN_NAME = 'licentia_session';

/** Whether a cookie is for TLS or for localhost. */
export type CookieKind = 'secure' | 'plain';

/**
 * The session's secret in a request.
 * @returns undefined where there is none, or two of one name: the second can be from another host of the same domain
 */
export function sessionSecret(request: IncomingMessage, kind: CookieKind): string | undefined {
  const { cookie } = request.headers;
  if (cookie === undefined) return undefined;
  const name = `${kind === 'secure' ? SECURE_NAME : PLAIN_NAME}=`;
  const own = cookie.split(';').flatMap((part) => {
    const pair = part.trim();
    return pair.startsWith(name) ? [pair.slice(name.length)] : [];
  });
  return own.length === 1 ? own[0] : undefined;
}

/** Whether a request has a cookie of ours, usable or not. */
export function hasSessionCookie({ headers: { cookie } }: IncomingMessage): boolean {
  return cookie?.includes(`${PLAIN_NAME}=`) === true;
}

/** The value of `Set-Cookie`. It lasts until the browser ends; the server ends it earlier. */
export function sessionCookie(secret: string, kind: CookieKind): string {
  return kind === 'secure'
    ? `${SECURE_NAME}=${secret}; Path=/; HttpOnly; Secure; SameSite=Strict`
    : `${PLAIN_NAME}=${secret}; Path=/; HttpOnly; SameSite=Strict`;
}

/** The value of `Set-Cookie` that removes it. */
export function removedCookie(kind: CookieKind): string {
  return `${sessionCookie('', kind)}; Max-Age=0`;
}
