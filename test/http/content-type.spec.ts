import { contentTypeFault } from '../../src/http/content-type.js';

describe('A Content-Type', () => {
  it.each([
    'application/json',
    'Application/JSON',
    ' application/json ',
    'application/json;',
    'application/json ; ;',
    'application/json; charset=utf-8',
    'application/json; charset=utf8',
    'application/json;charset=UTF8;',
    'application/json;charset="UTF-8"',
    'application/json; Charset = utf-8',
    'application/json; charset=utf-8; charset="utf8"',
  ])('is that of JSON: %j', (type) => {
    expect(contentTypeFault(type, undefined)).toBeUndefined();
    expect(contentTypeFault(type, 'Identity')).toBeUndefined();
  });

  const MISSING = 'there is no Content-Type: it must be application/json';
  const OTHER = 'Content-Type must be application/json';
  const CHARSET = 'the charset of Content-Type must be utf-8';
  const PARAMETER = 'Content-Type must have no other parameter than charset=utf-8';

  it.each<[string | undefined, string]>([
    [undefined, MISSING],
    ['', MISSING],
    [' ', MISSING],
    ['text/plain', OTHER],
    ['text/json', OTHER],
    ['*/*', OTHER],
    [';', OTHER],
    ['application/jsonp', OTHER],
    ['application/json-patch+json', OTHER],
    ['application/json, text/plain', OTHER],
    ['application/x-www-form-urlencoded', OTHER],
    ['multipart/form-data; boundary=x', OTHER],
    ['application/json; charset=utf-16', CHARSET],
    ['application/json; charset=latin1', CHARSET],
    ['application/json; charset=', CHARSET],
    ['application/json; charset="utf-8', CHARSET],
    ['application/json; charset=utf-8, x', CHARSET],
    ['application/json; charset=utf-8; charset=utf-16', CHARSET],
    ['application/json; charset=utf-8; x=y', PARAMETER],
    ['application/json; utf-8', PARAMETER],
    ['application/json; xcharset=utf-8', PARAMETER],
  ])('%j is refused with the reason', (type, reason) => {
    expect(contentTypeFault(type, undefined)).toBe(reason);
  });

  it.each(['gzip', 'deflate', 'br', 'identity, gzip', 'x', ''])(
    'does not help a body encoded by %j',
    (encoding) => {
      expect(contentTypeFault('application/json', encoding)).toBe(
        'Content-Encoding is not supported: send the body as it is',
      );
    },
  );
});
