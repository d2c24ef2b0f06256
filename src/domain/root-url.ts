import { URL } from 'whatwg-url';

/** The address of an instance that a license is for, in its one canonical form. Made by {@link parseRootUrl}. */
export interface RootUrl {
  /** Scheme, host, port unless it is the scheme's own, and a path that ends with a slash. */
  readonly canonical: string;
}

/** A text is no root URL. The message is a whole sentence, says which rule failed and quotes nothing. */
export class RootUrlError extends Error {
  override readonly name = 'RootUrlError';
}

/** The longest root URL, in characters: a claim of a license has room for as many. */
export const MAX_ROOT_URL_CHARACTERS = 1024;
/** The longest name of a host (RFC 1035, section 2.3.4, without the dot at its end). */
const MAX_HOST_CHARACTERS = 253;
/** A dot, a colon and the digits of a port. */
const MAX_AROUND_HOST = 7;

const TOO_LONG = `The root URL has more than ${MAX_ROOT_URL_CHARACTERS} characters.`;
const HOST_TOO_LONG = `The root URL has a host of more than ${MAX_HOST_CHARACTERS} characters.`;

/**
 * What a URL parser would repair, drop or explain away silently is refused before one sees it: a parser removes
 * tabs, turns backslashes into slashes, and makes `http:/host`, `http:host` and `http:////host` one address.
 */
const RULES: readonly (readonly [pattern: RegExp, message: string])[] = [
  // Controls, invisible format characters and half surrogate pairs, then white space of every script.
  [/[\p{Cc}\p{Cf}\p{Cs}]/u, 'The root URL has a control character.'],
  [/[\p{Z}\s]/u, 'The root URL has a space.'],
  [/\\/, 'The root URL has a backslash.'],
  [/\*/, 'The root URL has a wildcard.'],
  [/\?/, 'The root URL has a query.'],
  [/#/, 'The root URL has a fragment.'],
  [/^(?!https?:)/i, 'The root URL does not begin with "http://" or "https://".'],
  [/^https?:(?!\/\/[^/])/i, 'The root URL has no host after exactly two slashes.'],
  [/^https?:\/\/[^/]*@/i, 'The root URL has a user name or password.'],
  // The parser's time grows with the square of a host's length.
  [new RegExp(`^https?://[^/]{${MAX_HOST_CHARACTERS + MAX_AROUND_HOST + 1}}`, 'iu'), HOST_TOO_LONG],
];

/**
 * Reads the root URL of an instance: http or https, a host, perhaps a port and a path (WHATWG URL Standard,
 * section 4). A missing slash at the end of the path is added; there is no other leniency.
 *
 * @throws {RootUrlError} when it is not a string or one of the rules of `docs/tokens.md` is broken.
 */
export function parseRootUrl(text: unknown): RootUrl {
  const url = parseAddress(text);
  const path = url.pathname.endsWith('/') ? url.pathname : `${url.pathname}/`;
  const canonical = `${url.protocol}//${url.host}${path}`;
  // Encoded it can be longer than it was, and has to be a root URL itself.
  if (isTooLong(canonical)) throw new RootUrlError(TOO_LONG);
  return Object.freeze({ canonical });
}

/**
 * Parses an address by the rules of root URLs and leaves its path as it is.
 *
 * The parser comes with us: Node's differs between releases (20 refuses `http://xn--a/`, 24 takes it), so an
 * issuer and a service on two releases would disagree about one address.
 *
 * @throws {RootUrlError} as {@link parseRootUrl}
 */
export function parseAddress(text: unknown): URL {
  if (typeof text !== 'string') throw new RootUrlError('The root URL is not a string.');
  if (isTooLong(text)) throw new RootUrlError(TOO_LONG);
  for (const [pattern, message] of RULES) {
    if (pattern.test(text)) throw new RootUrlError(message);
  }
  const url = parse(text);
  // A percent-encoded or full-width asterisk in the host is a plain one after parsing.
  if (url.hostname.includes('*')) throw new RootUrlError('The root URL has a wildcard.');
  if (url.hostname.replace(/\.$/, '').length > MAX_HOST_CHARACTERS) throw new RootUrlError(HOST_TOO_LONG);
  return url;
}

/** Whether both are the same address: equal scheme, host, port and path. Never compares by prefix. */
export function sameRootUrl(a: RootUrl, b: RootUrl): boolean {
  return a.canonical === b.canonical;
}

/** As {@link parseRootUrl}, but undefined for what is no root URL. */
export function readRootUrl(text: unknown): RootUrl | undefined {
  try {
    return parseRootUrl(text);
  } catch (error) {
    if (error instanceof RootUrlError) return undefined;
    throw error;
  }
}

/** Whether a text is a spelling of this address; one that is no root URL at all is not. */
export function isRootUrl(text: unknown, rootUrl: RootUrl): boolean {
  // The usual case, without parsing: it is asked at every check.
  if (text === rootUrl.canonical) return true;
  const address = readRootUrl(text);
  return address !== undefined && sameRootUrl(address, rootUrl);
}

/** Counts characters and not UTF-16 code units, as `maxLength` of JSON Schema does. */
function isTooLong(text: string): boolean {
  if (text.length <= MAX_ROOT_URL_CHARACTERS) return false;
  return text.length > 2 * MAX_ROOT_URL_CHARACTERS || [...text].length > MAX_ROOT_URL_CHARACTERS;
}

function parse(text: string): URL {
  try {
    return new URL(text);
  } catch {
    throw new RootUrlError('The root URL cannot be parsed as a URL.');
  }
}
