import fc from 'fast-check';
import {
  isRootUrl,
  parseRootUrl,
  readRootUrl,
  RootUrlError,
  sameRootUrl,
} from '../../src/domain/root-url.js';

function canonical(text: unknown): string {
  return parseRootUrl(text).canonical;
}

/** 200 different characters: each has its own code in the host's ASCII form. */
const HAN = Array.from({ length: 200 }, (_, index) => String.fromCodePoint(0x4e00 + index)).join('');

describe('parseRootUrl', () => {
  it.each([
    ['http://play.grafana.org/', 'http://play.grafana.org/'],
    ['http://play.grafana.org', 'http://play.grafana.org/'],
    ['HTTP://HOST:80', 'http://host/'],
    ['https://Host.Example:443/App', 'https://host.example/App/'],
    ['https://host:80/', 'https://host:80/'],
    ['http://host:443/', 'http://host:443/'],
    ['http://host:/', 'http://host/'],
    ['http://host:0080/', 'http://host/'],
    ['http://host:65535', 'http://host:65535/'],
    ['https://host/grafana', 'https://host/grafana/'],
    ['https://host/grafana/', 'https://host/grafana/'],
    ['https://host/grafana//', 'https://host/grafana//'],
    ['https://host//', 'https://host//'],
    ['https://host/a/../b/./c', 'https://host/b/c/'],
    ['https://host/a/..', 'https://host/'],
    ['https://host/%2e%2E/a', 'https://host/a/'],
    ['https://host/a%2Fb', 'https://host/a%2Fb/'],
    ['https://host/a%2fb', 'https://host/a%2fb/'],
    ['https://host/%41', 'https://host/%41/'],
    ['https://host/é', 'https://host/%C3%A9/'],
    ['https://host/@name', 'https://host/@name/'],
    ['https://host/a:b@c', 'https://host/a:b@c/'],
    ['https://host/a;b=c&d,e!', 'https://host/a;b=c&d,e!/'],
    ['https://host/%40', 'https://host/%40/'],
    ['https://host/%00', 'https://host/%00/'],
    ['https://host/%', 'https://host/%/'],
    ['https://host./', 'https://host./'],
    ['https://bücher.example', 'https://xn--bcher-kva.example/'],
    ['https://BÜCHER.example', 'https://xn--bcher-kva.example/'],
    ['https://ＥＸＡＭＰＬＥ.com', 'https://example.com/'],
    ['https://ex%61mple.com', 'https://example.com/'],
    ['http://127.0.0.1:3000', 'http://127.0.0.1:3000/'],
    ['http://0x7f.1/', 'http://127.0.0.1/'],
    ['http://[::1]:3000/', 'http://[::1]:3000/'],
    ['http://[0:0::1]/', 'http://[::1]/'],
    ['http://localhost', 'http://localhost/'],
    // Node 20, 22 and 24 read these differently, or refuse them.
    ['http://\u1e9e/', 'http://xn--zca/'],
    ['http://host/^|', 'http://host/%5E|/'],
  ])('reads %s as %s', (text, expected) => {
    expect(canonical(text)).toBe(expected);
    expect(canonical(expected)).toBe(expected);
  });

  it.each<[string, string]>([
    ['control', 'https://host/\0'],
    ['control', 'https://ho\tst/'],
    ['control', 'https://host/\n'],
    ['control', '\rhttps://host/'],
    ['control', 'ht\ntps://host/'],
    ['control', 'https://host/\u001f'],
    ['control', 'https://host/\u007f'],
    ['control', 'https://host/\u0085'],
    ['control', 'https://ho\u00adst/'],
    ['control', 'https://ho\u200bst/'],
    ['control', 'https://host/\u202e'],
    ['control', '\ufeffhttps://host/'],
    ['control', 'https://host/\ud800'],
    ['control', 'https://\udc00host/'],
    ['space', ' https://host/'],
    ['space', 'https://host/ '],
    ['space', 'https://ho st/'],
    ['space', 'https://host/a b'],
    ['space', 'https://host/\u00a0'],
    ['space', 'https://host/\u2003'],
    ['space', 'https://host/\u2028'],
    ['space', 'https://host\u3000/'],
    ['backslash', 'https:\\\\host\\'],
    ['backslash', 'https://host\\@evil.example/'],
    ['backslash', 'https://host/a\\b'],
    ['wildcard', 'https://*.example.com/'],
    ['wildcard', 'https://host/*'],
    ['wildcard', 'https://host:*/'],
    ['wildcard', 'https://%2a.example.com/'],
    ['wildcard', 'https://＊.example.com/'],
    ['query', 'https://host/?a=b'],
    ['query', 'https://host/?'],
    ['query', 'https://host?'],
    ['fragment', 'https://host/#a'],
    ['fragment', 'https://host/#'],
    ['fragment', 'https://host#@evil.example/'],
    ['user', 'https://user@host/'],
    ['user', 'https://user:password@host/'],
    ['user', 'https://@host/'],
    ['user', 'https://:@host/'],
    ['user', 'https://host:443@evil.example/'],
    ['user', 'https://a@b@host/'],
    ['begin', ''],
    ['begin', 'host'],
    ['begin', 'host:3000'],
    ['begin', '/app/'],
    ['begin', '//host/'],
    ['begin', 'ftp://host/'],
    ['begin', 'file:///etc/passwd'],
    ['begin', 'javascript:alert(1)'],
    ['begin', 'ws://host/'],
    ['begin', 'httpss://host/'],
    ['begin', 'http;//host/'],
    ['begin', 'xhttp://host/'],
    ['begin', 'ｈttp://host/'],
    ['begin', 'blob:https://host/'],
    ['no host', 'http:/host'],
    ['no host', 'http:host'],
    ['no host', 'http:'],
    ['no host', 'http://'],
    ['no host', 'http:///'],
    ['no host', 'http:///host'],
    ['no host', 'http:////host'],
    ['no host', 'https:/\u2044host'],
    ['parsed', 'http://:80/'],
    ['parsed', 'http://host:65536/'],
    ['parsed', 'http://host:8o/'],
    ['parsed', 'http://host:-1/'],
    ['parsed', 'http://[::1/'],
    ['parsed', 'http://[::g]/'],
    ['parsed', 'http://256.0.0.1/'],
    ['parsed', 'http://a|b/'],
    ['parsed', 'http://<host>/'],
    ['parsed', 'http://user%40host/'],
    ['parsed', 'http://ho%00st/'],
    ['parsed', 'http://ho%20st/'],
    ['parsed', 'http://host%2Fpath/'],
    ['parsed', 'http://evil＠host/'],
    ['parsed', 'http://ho％２Ｆst/'],
    // Of these some releases of Node take one, some another.
    ['parsed', 'http://xn--a/'],
    ['parsed', 'http://xn--/'],
    ['parsed', 'http://xn--0/'],
    ['parsed', 'http://_\u0640\u0301/'],
    ['parsed', 'http://a\u{1fafa}b/'],
  ])('refuses the %s of %j', (word, text) => {
    expect(() => parseRootUrl(text)).toThrow(RootUrlError);
    expect(() => parseRootUrl(text)).toThrow(word);
  });

  it.each([
    undefined,
    null,
    1,
    true,
    {},
    ['https://host/'],
    new URL('https://host/'),
    Symbol('https://host/'),
  ])('refuses %p, which is no string', (value) => {
    expect(() => parseRootUrl(value)).toThrow(RootUrlError);
    const error = { name: 'RootUrlError', message: 'The root URL is not a string.' };
    expect(() => parseRootUrl(value)).toThrow(expect.objectContaining(error) as Error);
  });

  it.each([
    ['1,024 characters', `https://host/${'a'.repeat(1010)}/`],
    ['1,024 characters beyond the basic plane', `https://host/${'\u{1f600}'.repeat(60)}/`],
    ['a host of 253 characters', `https://${'a.'.repeat(126)}a:65535/`],
    ['a host of 253 characters and a dot', `https://${'a.'.repeat(126)}a./`],
  ])('takes %s', (_, text) => {
    expect(canonical(canonical(text))).toBe(canonical(text));
  });

  it.each([
    ['1024 characters', `https://host/${'a'.repeat(1012)}`],
    ['1024 characters', `https://host/${'\u{1f600}'.repeat(1012)}`],
    // Short enough as it is; percent-encoded, and with the slash at its end, it is not.
    ['1024 characters', `https://host/${'é'.repeat(300)}`],
    ['1024 characters', `https://host/${'a'.repeat(1011)}`],
    ['253 characters', `https://${'a.'.repeat(127)}a/`],
    ['253 characters', `https://${'a'.repeat(254)}:80/`],
    ['253 characters', `https://${HAN}/`],
    ['253 characters', `https://${'%61'.repeat(100)}/`],
  ])('refuses more than %s (%#)', (words, text) => {
    expect(() => parseRootUrl(text)).toThrow(RootUrlError);
    expect(() => parseRootUrl(text)).toThrow(`more than ${words}.`);
  });

  it('gives an address that nobody can change afterwards', () => {
    expect(Object.isFrozen(parseRootUrl('https://host/'))).toBe(true);
  });

  it('never quotes what it refuses', () => {
    expect(() => parseRootUrl('https://user:secret@host/')).not.toThrow('secret');
  });

  it('answers any text with a canonical form that is its own, or with its own error', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'http',
        'https',
        ':',
        '/',
        '//',
        '@',
        '.',
        '..',
        '%',
        '%2e',
        'host',
        ':80',
        '[',
        ']',
        'xn--',
        '*',
      ),
      fc.string({ unit: 'binary', maxLength: 3 }),
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(piece).map((parts) => parts.join('')),
      fc.array(piece).map((parts) => `https://h${parts.join('')}`),
      fc.webUrl(),
    );
    fc.assert(
      fc.property(text, (input) => {
        try {
          const root = parseRootUrl(input);
          expect(canonical(root.canonical)).toBe(root.canonical);
          expect(root.canonical).toMatch(/^https?:\/\/[^/@?#\\*\s]+\/(?:[^?#\\*\s]*\/)?$/);
        } catch (error) {
          if (!(error instanceof RootUrlError)) throw error;
        }
      }),
      { numRuns: 5000 },
    );
  });
});

describe('sameRootUrl', () => {
  const root = 'https://host.example/app/';

  it.each(['https://host.example/app', 'HTTPS://HOST.example:443/app/', 'https://host.example:/x/../app'])(
    'takes %s for the same address',
    (other) => {
      expect(sameRootUrl(parseRootUrl(root), parseRootUrl(other))).toBe(true);
    },
  );

  it.each([
    'http://host.example/app/',
    'https://host.example:444/app/',
    'https://host.example/',
    'https://host.example/ap',
    'https://host.example/apps/',
    'https://host.example/app/x',
    'https://host.example/app//',
    'https://host.example//app/',
    'https://host.example/APP/',
    'https://host.example/%61pp/',
    'https://host.example/app%2F',
    'https://host.example./app/',
    'https://host.example.evil/app/',
    'https://evil-host.example/app/',
    'https://host.exam/app/',
    'https://hοst.example/app/',
    'https://evil.example/@host.example/app/',
  ])('takes %s for another one', (other) => {
    expect(sameRootUrl(parseRootUrl(root), parseRootUrl(other))).toBe(false);
    expect(sameRootUrl(parseRootUrl(other), parseRootUrl(root))).toBe(false);
  });
});

describe('readRootUrl', () => {
  it('reads what is a root URL, and is undefined for what is none', () => {
    expect(readRootUrl('HTTPS://host.example')).toEqual({ canonical: 'https://host.example/' });
    for (const text of ['host.example', 'https://host.example/?', '*', '', undefined, 5]) {
      expect(readRootUrl(text)).toBeUndefined();
    }
  });
});

describe('isRootUrl', () => {
  const root = parseRootUrl('https://host.example/app/');

  it('takes another spelling of the address, and nothing else', () => {
    expect(isRootUrl('HTTPS://HOST.example:443/app', root)).toBe(true);
    for (const text of ['https://host.example/', 'https://host.example/app/x', 'host.example/app', 5]) {
      expect(isRootUrl(text, root)).toBe(false);
    }
  });
});
