import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { parseRootUrl } from '../../src/domain/root-url.js';
import { ServiceError } from '../../src/domain/service-error.js';
import { PageOrigin } from '../../src/http/page-origin.js';

const TLS = 'https://licenses.example.com/below/';
const LOCAL = 'http://localhost:3000/';
const PLAIN = 'http://licenses.example.com/';
const SAME = 'same-origin';

interface Sent {
  readonly host?: string;
  readonly origin?: string;
  readonly site?: string;
  readonly cookie?: string;
}

function requestWith({ host, origin, site, cookie }: Sent): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  const headers = { host, origin, 'sec-fetch-site': site, cookie };
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) request.headers[name] = value;
  return request;
}

const originOf = (rootUrl: string) => new PageOrigin(parseRootUrl(rootUrl));

function cookieFor(rootUrl: string, sent: Sent): string {
  try {
    return originOf(rootUrl).cookieFor(requestWith(sent));
  } catch (error) {
    if (error instanceof ServiceError) return error.code;
    throw error;
  }
}

describe('The cookie of a session', () => {
  it.each<[string, Sent, string]>([
    [TLS, { host: 'licenses.example.com', origin: 'https://licenses.example.com', site: SAME }, 'secure'],
    // Behind a proxy that names the service to itself.
    [TLS, { host: '127.0.0.1:3000', origin: 'https://licenses.example.com', site: SAME }, 'secure'],
    // A browser that has no Sec-Fetch-Site yet.
    [TLS, { host: 'licenses.example.com', origin: 'https://licenses.example.com' }, 'secure'],
    [LOCAL, { host: 'localhost:3000', origin: 'http://localhost:3000', site: SAME }, 'plain'],
    // At another port than ROOT_URL says, or by the number.
    [LOCAL, { host: 'localhost:4000', origin: 'http://localhost:4000', site: SAME }, 'plain'],
    [LOCAL, { host: '127.0.0.1:3000', origin: 'http://127.0.0.1:3000', site: SAME }, 'plain'],
    [LOCAL, { host: '[::1]:3000', origin: 'http://[::1]:3000', site: SAME }, 'plain'],
    // On the machine of a service that others reach by TLS.
    [TLS, { host: 'localhost:3000', origin: 'http://localhost:3000', site: SAME }, 'plain'],
  ])('of %s for %j is %s', (rootUrl, sent, kind) => {
    expect(cookieFor(rootUrl, sent)).toBe(kind);
  });

  it.each<[string, Sent, string]>([
    // Browsers send no Sec-Fetch-Site over plain HTTP.
    [PLAIN, { host: 'licenses.example.com', origin: 'http://licenses.example.com' }, 'session.insecure'],
    [
      LOCAL,
      { host: 'licenses.example.com:3000', origin: 'http://licenses.example.com:3000' },
      'session.insecure',
    ],
    [TLS, { host: 'licenses.example.com', origin: 'http://licenses.example.com' }, 'session.insecure'],
    [PLAIN, { host: 'licenses.example.com' }, 'session.insecure'],
    [
      LOCAL,
      { host: 'localhost.evil.example:3000', origin: 'http://localhost.evil.example:3000' },
      'session.insecure',
    ],
    // Another page, a sub-domain, a page in a sandbox, another port, a program.
    [
      TLS,
      { host: 'licenses.example.com', origin: 'https://evil.example', site: 'cross-site' },
      'session.foreign-origin',
    ],
    [
      TLS,
      { host: 'licenses.example.com', origin: 'https://a.example.com', site: 'same-site' },
      'session.foreign-origin',
    ],
    [TLS, { host: 'licenses.example.com', origin: 'null', site: 'cross-site' }, 'session.foreign-origin'],
    [TLS, { host: 'licenses.example.com', origin: 'null', site: SAME }, 'session.foreign-origin'],
    [
      TLS,
      { host: 'licenses.example.com', origin: 'https://evil.example', site: SAME },
      'session.foreign-origin',
    ],
    [TLS, { host: 'licenses.example.com', origin: 'https://evil.example' }, 'session.foreign-origin'],
    [TLS, { host: 'licenses.example.com', site: 'none' }, 'session.foreign-origin'],
    [TLS, { host: 'licenses.example.com' }, 'session.foreign-origin'],
    [LOCAL, { host: 'localhost:3000' }, 'session.foreign-origin'],
    [
      LOCAL,
      { host: 'localhost:3000', origin: 'http://localhost:4000', site: 'same-site' },
      'session.insecure',
    ],
    [LOCAL, { host: 'localhost:99999', origin: 'http://localhost:99999' }, 'session.insecure'],
  ])('of %s for %j is refused as %s', (rootUrl, sent, code) => {
    expect(cookieFor(rootUrl, sent)).toBe(code);
  });
});

describe('The secret of a session', () => {
  const secretIn = (rootUrl: string, sent: Sent) => originOf(rootUrl).secretIn(requestWith(sent));

  it('is the one of the cookie that its address has', () => {
    expect(
      secretIn(TLS, { host: 'licenses.example.com', cookie: 'a=b; __Host-licentia_session=x; c=d' }),
    ).toBe('x');
    expect(secretIn(LOCAL, { host: 'localhost:3000', cookie: 'licentia_session=y' })).toBe('y');
    expect(
      secretIn(LOCAL, { host: 'localhost:3000', cookie: 'licentia_session=y; __Host-licentia_session=x' }),
    ).toBe('x');
  });

  it.each<[string, Sent]>([
    [
      'a cookie without __Host-, which another host of the domain can set',
      { host: 'licenses.example.com', cookie: 'licentia_session=y' },
    ],
    [
      'such a one behind a proxy that calls us localhost',
      { host: 'localhost', origin: 'https://licenses.example.com', cookie: 'licentia_session=y' },
    ],
    [
      'two of one name',
      { host: 'licenses.example.com', cookie: '__Host-licentia_session=x; __Host-licentia_session=z' },
    ],
    ['a longer name', { host: 'licenses.example.com', cookie: 'x__Host-licentia_session=x' }],
    ['no cookie', { host: 'licenses.example.com' }],
  ])('is not in %s', (_, sent) => {
    expect(secretIn(TLS, sent)).toBeUndefined();
  });
});
