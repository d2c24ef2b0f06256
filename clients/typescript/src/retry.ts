/** No answer makes a call wait longer than this before it is repeated, milliseconds. */
export const MAX_RETRY_WAIT_MS = 30_000;
/** The wait where an answer names none, milliseconds. */
export const DEFAULT_WAIT_MS = 1_000;

const SAFE_METHODS = ['GET', 'HEAD', 'PUT', 'DELETE'];
/** Of the calls that are no safe method, those that change nothing twice. */
const SAFE_POSTS = [
  '/api/licensing/token',
  '/api/licensing/token/renew',
  '/api/licensing/token/inspect',
  '/api/licensing/renewal/rehearse',
  '/api/licensing/usage/explain',
];

/**
 * Whether an answer may be repeated: 429 always, as nothing was done; 503 only where doing it twice is harmless, as the
 * request may have taken effect.
 */
export function isRetriable(status: number, method: string, url: string): boolean {
  if (status === 429) return true;
  if (status !== 503) return false;
  const { pathname } = new URL(url);
  return SAFE_METHODS.includes(method) || SAFE_POSTS.some((path) => pathname.endsWith(path));
}

/**
 * How long `Retry-After` asks to wait, milliseconds.
 * @param header - whole seconds or a date (RFC 9110, 10.2.3); null where there is none
 * @param now - Unix milliseconds
 * @returns undefined where it asks for nothing that can be read
 */
export function retryAfterMs(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  if (/^\d+$/.test(header)) return Number(header) * 1_000;
  // Date.parse takes "-1" for a year.
  const date = header.endsWith(' GMT') ? Date.parse(header) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
