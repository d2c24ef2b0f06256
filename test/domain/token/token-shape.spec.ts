import fc from 'fast-check';
import type { SignatureAlgorithm } from '../../../src/domain/token/signature-algorithm.js';
import { issuerKeys, licenseCode, sign, signParts, testKey, validClaims } from '../../support/tokens.js';

const { keySet } = await issuerKeys(['ES256', 'EdDSA', 'RS256']);
const codeFor = (candidate: unknown): Promise<string> => licenseCode(candidate, keySet);
const token = sign();
const [header = '', payload = '', signature = ''] = token.split('.');

/** What stands for base64url's characters: the one after next in the alphabet has other trailing bits. */
function withLooseBits(part: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = alphabet.indexOf(part.slice(-1));
  return part.slice(0, -1) + alphabet.charAt(last ^ 1);
}

/** A signed token whose named part does not fill its last character. */
function tokenWithSpareBits(part: 0 | 1): string {
  for (let length = 0; ; length += 1) {
    const pad = 'p'.repeat(length);
    const candidate = sign({ header: { pad }, claims: validClaims({ pad }) });
    if ((candidate.split('.')[part] ?? '').length % 4 !== 0) return candidate;
  }
}

describe('The shape of a license token', () => {
  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a number', 1],
    ['an array', [token]],
    ['an object with a string', { toString: () => token }],
    ['bytes', Buffer.from(token)],
    ['an empty string', ''],
    ['one part', header],
    ['two parts', `${header}.${payload}`],
    ['four parts', `${token}.${signature}`],
    ['five parts, as an encrypted one', `${token}.${signature}.${signature}`],
    ['two dots', '..'],
    ['no header', `.${payload}.${signature}`],
    ['no payload, as a detached one', `${header}..${signature}`],
    ['no signature', `${header}.${payload}.`],
    ['the JSON serialization', JSON.stringify({ protected: header, payload, signature })],
    ['a leading space', ` ${token}`],
    ['a trailing space', `${token} `],
    ['a trailing newline', `${token}\n`],
    ['a trailing CRLF', `${token}\r\n`],
    ['a leading newline', `\n${token}`],
    ['a newline within', `${header}.\n${payload}.${signature}`],
    ['a tab within', `${header}\t.${payload}.${signature}`],
    ['a trailing NUL', `${token}\0`],
    ['a byte order mark', `\ufeff${token}`],
    ['a full-width dot', `${header}．${payload}.${signature}`],
    ['a Bearer scheme', `Bearer ${token}`],
    ['padding on the signature', `${token}==`],
    ['padding on the header', `${header}=.${payload}.${signature}`],
    ['padding on the payload', `${header}.${payload}==.${signature}`],
    ['plain base64', token.replace(/.$/, '+')],
    ['a slash', token.replace(/.$/, '/')],
    ['a percent sign', `${token}%0a`],
    ['a part of a length that no bytes have', `${header}.${payload}.AAAAA`],
  ])('refuses %s', async (_, candidate) => {
    expect(await codeFor(candidate)).toBe('license.invalid');
  });

  it('refuses loose trailing bits in each part, although they decode to the same bytes', async () => {
    for (const part of [0, 1] as const) {
      const parts = tokenWithSpareBits(part).split('.');
      expect(await codeFor(parts.join('.'))).toBe('accepted');
      parts[part] = withLooseBits(parts[part] ?? '');
      expect(await codeFor(parts.join('.'))).toBe('license.invalid');
    }
    // 64 bytes leave four spare bits, 256 bytes too; 132 bytes (ES512) leave none.
    expect(await codeFor(withLooseBits(token))).toBe('license.invalid');
    expect(await codeFor(withLooseBits(sign({ key: testKey('RS256') })))).toBe('license.invalid');
  });

  it('refuses loose bits also when the signature is over that very text', async () => {
    const [first = '', second = ''] = tokenWithSpareBits(1).split('.');
    expect(await codeFor(signParts(`${first}.${withLooseBits(second)}`))).toBe('license.invalid');
    expect(await codeFor(signParts(`${first}=.${second}`))).toBe('license.invalid');
  });

  it('takes 16 KiB and no byte more', async () => {
    const withLength = (length: number): string => {
      for (let pad = 11_500; ; pad += 1) {
        for (const more of ['', 'a', 'aa']) {
          const candidate = sign({ header: { more }, claims: validClaims({ pad: 'p'.repeat(pad) }) });
          if (candidate.length === length) return candidate;
        }
      }
    };
    expect(await codeFor(withLength(16_384))).toBe('accepted');
    expect(await codeFor(withLength(16_385))).toBe('license.invalid');
    expect(await codeFor('A'.repeat(10_000_000))).toBe('license.invalid');
  });

  it('refuses a token in which one character is another, is missing or is doubled', async () => {
    const alphabet = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n\0é'];
    const tokens = ['ES256', 'EdDSA', 'RS256'].map((alg) =>
      sign({ key: testKey(alg as SignatureAlgorithm) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...tokens),
        fc.nat(),
        fc.constantFrom('', ...alphabet),
        fc.boolean(),
        async (original, position, character, insert) => {
          const at = position % original.length;
          const mutated = original.slice(0, at) + character + original.slice(insert ? at : at + 1);
          fc.pre(mutated !== original);
          expect(await codeFor(mutated)).not.toBe('accepted');
        },
      ),
      { numRuns: 1500 },
    );
  });
});
