import { readBasicHeader, sameSecret } from '../../src/access/basic-credentials.js';

const basic = (text: string | Uint8Array, scheme = 'Basic') =>
  `${scheme} ${Buffer.from(text as Uint8Array).toString('base64')}`;

describe('A Basic header', () => {
  it('carries a name and a password; the first colon ends the name', () => {
    expect(readBasicHeader(basic('admin:pass'))).toEqual({ name: 'admin', password: 'pass' });
    expect(readBasicHeader(basic('admin:pa:ss:'))).toEqual({ name: 'admin', password: 'pa:ss:' });
    expect(readBasicHeader(basic(':'))).toEqual({ name: '', password: '' });
    expect(readBasicHeader(basic('jürgen:pässword€😀'))).toEqual({ name: 'jürgen', password: 'pässword€😀' });
  });

  it('names its scheme in any letter case', () => {
    for (const scheme of ['basic', 'BASIC', 'bAsIc']) {
      expect(readBasicHeader(basic('a:b', scheme))).toEqual({ name: 'a', password: 'b' });
    }
  });

  it.each([
    ['no colon', basic('admin')],
    ['bytes that are no UTF-8', basic(new Uint8Array([0x61, 0x3a, 0xff]))],
    ['no credentials', 'Basic'],
    ['two values', 'Basic YTpi YTpi'],
    ['another alphabet', 'Basic YT_i'],
    ['another scheme', basic('a:b', 'Bearer')],
    ['something before it', ` ${basic('a:b')}`],
  ])('carries nothing with %s', (_, header) => {
    expect(readBasicHeader(header)).toBeUndefined();
  });

  it('is compared in whole, with any lengths', () => {
    expect(sameSecret('secret', 'secret')).toBe(true);
    expect(sameSecret('secret', 'secret ')).toBe(false);
    expect(sameSecret('', 'secret')).toBe(false);
    expect(sameSecret('é', 'e\u0301')).toBe(false);
  });
});
