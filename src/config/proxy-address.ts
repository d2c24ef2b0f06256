import { URL } from 'whatwg-url';
import { type Setting, SettingError } from './setting.js';

/** A proxy on the way to the issuer. */
export interface ProxyAddress {
  readonly secure: boolean;
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** The value of `Proxy-Authorization` (RFC 7617), a secret; undefined without a user. */
  readonly authorization: string | undefined;
}

const RULE =
  'must be http://host:port or https://host:port, with user:password@ before the host where it wants that';
const USUAL_PORTS = { 'http:': 80, 'https:': 443 };

/**
 * The address of a proxy. What it wants to know of us is in it, so it is a secret. The parser is that of root
 * URLs, so that every release of Node takes the same addresses.
 */
export const proxyAddress: Pick<Setting<ProxyAddress>, 'parse'> = {
  parse: (value) => {
    if (/[\s\\\p{Cc}]/u.test(value) || !URL.canParse(value)) throw new SettingError(RULE);
    const { protocol, hostname, port, pathname, search, hash, username, password } = new URL(value);
    const usual = USUAL_PORTS[protocol as keyof typeof USUAL_PORTS] as number | undefined;
    if (usual === undefined || hostname === '' || pathname.length > 1 || search !== '' || hash !== '') {
      throw new SettingError(RULE);
    }
    return Object.freeze({
      secure: protocol === 'https:',
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? usual : Number(port),
      authorization: username === '' && password === '' ? undefined : basic(username, password),
    });
  },
};

function basic(username: string, password: string): string {
  const [user, secret] = [username, password].map(decoded) as [string, string];
  if (user.includes(':')) throw new SettingError('must have no colon in the name of the user');
  return `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;
}

function decoded(text: string): string {
  let result;
  try {
    result = decodeURIComponent(text);
  } catch {
    throw new SettingError('must have no percent sign in user and password but for escapes');
  }
  if (/\p{Cc}/u.test(result)) throw new SettingError('must have no control characters in user and password');
  return result;
}
