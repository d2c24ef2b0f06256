import { verifyJws } from '../../../src/domain/token/compact-jws.js';
import {
  createKey,
  encode,
  issuerKeys,
  licenseCode,
  type Overrides,
  sign,
  testKey,
} from '../../support/tokens.js';

const key = testKey();
const { keySet } = await issuerKeys(['ES256', 'EdDSA', 'RS256']);
const codeFor = (candidate: unknown): Promise<string> => licenseCode(candidate, keySet);

describe('The header of a license token', () => {
  it.each<[string, Overrides]>([
    ['no typ', {}],
    ['the typ JWT', { typ: 'JWT' }],
    ['the typ license+jwt', { typ: 'license+jwt' }],
    ['keys of its own that are never used', { jwk: createKey('ES256').jwk, x5c: ['MII'], x5t: 'a' }],
    [
      'addresses that are never asked',
      { jku: 'https://evil.example/jwks.json', x5u: 'https://evil.example/' },
    ],
    ['unknown members', { cty: 'text/plain', 'x-members': { deep: [null] } }],
  ])('takes %s', async (_, members) => {
    expect(await codeFor(sign({ header: members }))).toBe('accepted');
  });

  it.each<[string, Overrides]>([
    ['crit', { crit: ['exp'] }],
    ['an empty crit', { crit: [] }],
    ['the crit null', { crit: null }],
    ['crit and b64', { crit: ['b64'], b64: true }],
    ['b64 true', { b64: true }],
    ['b64 false', { b64: false }],
    ['the b64 null', { b64: null }],
    ['the typ null', { typ: null }],
    ['an empty typ', { typ: '' }],
    ['a typ that is an array', { typ: ['JWT'] }],
    ['the typ jwt in lower case', { typ: 'jwt' }],
    ['the typ LICENSE+JWT', { typ: 'LICENSE+JWT' }],
    ['the typ application/license+jwt', { typ: 'application/license+jwt' }],
    ['the typ at+jwt', { typ: 'at+jwt' }],
    ['the typ of a revocation', { typ: 'license-revocation+jwt' }],
  ])('refuses %s', async (_, members) => {
    expect(await codeFor(sign({ header: members }))).toBe('license.invalid');
  });

  it.each<[string, Overrides]>([
    ['no alg', { alg: undefined }],
    ['the alg null', { alg: null }],
    ['an alg that is a number', { alg: 256 }],
    ['an alg that is an array', { alg: ['ES256'] }],
    ['no kid', { kid: undefined }],
    ['the kid null', { kid: null }],
    ['a kid that is a number', { kid: 1 }],
    ['a kid that is an array', { kid: [key.kid] }],
    ['a kid of 257 characters', { kid: 'k'.repeat(257) }],
  ])('does not trust %s', async (_, members) => {
    expect(await codeFor(sign({ header: members }))).toBe('license.untrusted');
  });

  const sound = `{"alg":"ES256","kid":"${key.kid}"}`;

  it.each<[string, string | Uint8Array]>([
    ['a byte order mark', `\ufeff${sound}`],
    ['a duplicate alg', `{"alg":"none",${sound.slice(1)}`],
    ['a duplicate kid, spelled with an escape', `{"\\u006bid":"${key.kid}",${sound.slice(1)}`],
    ['a duplicate __proto__', `{"__proto__":1,"__proto__":2,${sound.slice(1)}`],
    ['bytes that are no UTF-8', Buffer.from(`{"a":"\xff",${sound.slice(1)}`, 'latin1')],
    ['UTF-16', Buffer.from(sound, 'utf16le')],
    ['an array', `[${sound}]`],
    ['a string', JSON.stringify(sound)],
    ['null', 'null'],
    ['text after it', `${sound}{}`],
    ['a comment', `${sound}/**/`],
    ['no JSON', 'ES256'],
    ['single quotes', sound.replaceAll('"', "'")],
    ['a number that is too large', `{"n":1e400,${sound.slice(1)}`],
    ['33 levels', `{"n":${'['.repeat(32)}${']'.repeat(32)},${sound.slice(1)}`],
    ['thousands of levels', '['.repeat(9000)],
  ])('refuses a header with %s', async (_, raw) => {
    expect(await codeFor(sign({ header: raw }))).toBe('license.invalid');
  });

  it.each([
    ['alg and kid in a prototype alone', `{"__proto__":${sound}}`],
    ['no member', '{}'],
  ])('does not trust a header with %s', async (_, raw) => {
    expect(await codeFor(sign({ header: raw }))).toBe('license.untrusted');
  });

  it.each<[string, Overrides | string]>([
    ['The header of the token has "crit".', { crit: [] }],
    ['The header of the token has "b64".', { b64: true }],
    ['The "typ" of the token is not one that is allowed here.', { typ: 'at+jwt' }],
    ['The "alg" of the token is not an accepted one.', { alg: 'none' }],
    ['The header of the token has no string "kid".', { kid: 1 }],
    ['The "kid" of the token has more than 256 characters.', { kid: 'k'.repeat(257) }],
    ['The issuer has no usable key with the "kid" of the token.', { kid: 'other' }],
    ['The header of the token is not strict JSON: it is not JSON.', 'ES256'],
    ['The header of the token is not a JSON object.', '[]'],
  ])('is refused with the sentence: %s', async (sentence, refused) => {
    await expect(verifyJws(sign({ header: refused }), keySet, [null])).rejects.toThrow(new Error(sentence));
  });

  it('keeps what the library said of a signature for the log', async () => {
    const forged = verifyJws(sign({ key: createKey('ES256', key.kid) }), keySet, [null]);
    await expect(forged).rejects.toMatchObject({
      message: 'The signature of the token does not verify.',
      cause: { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' },
    });
  });

  it.each([
    ['The token is not a string.', undefined],
    ['The token has more than 16384 bytes.', 'A'.repeat(16_385)],
    ['The token has one part: three are needed, with dots between them.', 'A'.repeat(16_384)],
    ['The header of the token is not canonical base64url.', 'A.A.A'],
    ['The payload of the token is not canonical base64url.', `${encode('{}')}.A.A`],
    ['The signature of the token is not canonical base64url.', `${encode('{}')}.AA.A`],
  ])('is never read when it holds that: %s', async (sentence, token) => {
    await expect(verifyJws(token, keySet, [null])).rejects.toThrow(new Error(sentence));
  });

  it('takes white space and escapes, which are JSON', async () => {
    expect(await codeFor(sign({ header: ` { "\\u0061lg" : "ES\\u003256", "kid" : "${key.kid}" } \n` }))).toBe(
      'accepted',
    );
  });

  it.each([
    ...['none', 'None', 'NONE', 'nOnE', 'none ', ' none', 'n\u043ene', 'null', ''],
    ...[
      'HS256',
      'HS384',
      'HS512',
      'ES256K',
      'ES256 ',
      'es256',
      'Es256',
      'ＥS256',
      'ES256\0',
      'ES255',
      'Ed25519',
      'Ed448',
    ],
    ...[
      'RSA1_5',
      'A128KW',
      'dir',
      'RS1',
      'toString',
      '__proto__',
      'constructor',
      'ES256,RS256',
      'a'.repeat(5000),
    ],
  ])('does not trust the alg %p', async (alg) => {
    expect(await codeFor(sign({ header: { alg } }))).toBe('license.untrusted');
  });

  it.each([
    ...['', 'key-ES25', 'key-ES2560', 'KEY-ES256', 'key-ES256 ', ' key-ES256', 'key-ES256\0', 'kеy-ES256'],
    ...['__proto__', 'constructor', 'toString', 'size', '0', '*', '../../dev/null', "' OR '1'='1", '\ud800'],
    ...['https://evil.example/jwks.json', 'k'.repeat(256), '😀'.repeat(256)],
  ])('does not trust the kid %p', async (kid) => {
    expect(await codeFor(sign({ header: { kid } }))).toBe('license.untrusted');
  });
});
