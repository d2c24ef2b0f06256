import {
  isKidLength,
  readKid,
  readVerificationKey,
  UnusableKeyError,
} from '../../../src/domain/token/verification-key.js';
import {
  createKey,
  fromBase64url,
  type Overrides,
  skipReason,
  testKey,
  toBase64url,
  withOverrides,
} from '../../support/tokens.js';

const ec = testKey('ES256').jwk;

describe('A key of a key set', () => {
  it.each<[string, Overrides]>([
    ['has no kid', { kid: undefined }],
    ['has an empty kid', { kid: '' }],
    ['has a kid of 257 characters', { kid: 'k'.repeat(257) }],
    ['has a kid with NUL', { kid: 'a\0' }],
    ['has a kid with half a surrogate pair', { kid: '\ud800' }],
    ['has a kid that is an array', { kid: ['a'] }],
    ['has no alg', { alg: undefined }],
    ['is for none', { alg: 'none' }],
    ['is for HS256', { alg: 'HS256' }],
    ['is for an encryption algorithm', { alg: 'ECDH-ES' }],
    ['is for es256 in lower case', { alg: 'es256' }],
    ['is for ES256K', { alg: 'ES256K' }],
    ['is for a member of every object', { alg: 'toString' }],
    ['is for several algorithms', { alg: ['ES256'] }],
    ['is for ES384 on the curve of ES256', { alg: 'ES384' }],
    ['is for RS256', { alg: 'RS256' }],
    ['is for EdDSA', { alg: 'EdDSA' }],
    ['has no use', { use: undefined }],
    ['is for encryption', { use: 'enc' }],
    ['has a use in upper case', { use: 'SIG' }],
    ['has no kty', { kty: undefined }],
    ['is symmetric', { kty: 'oct', k: 'c2VjcmV0' }],
    ['is RSA by its kty', { kty: 'RSA' }],
    ['is OKP by its kty', { kty: 'OKP' }],
    ['has no crv', { crv: undefined }],
    ['has another crv', { crv: 'P-384' }],
    ['has the crv secp256k1', { crv: 'secp256k1' }],
    ['shows its private part', { d: 'AAAA' }],
    ['shows an empty private part', { d: null }],
    ['has a symmetric part too', { k: 'AAAA' }],
    ['is not for verification', { key_ops: ['sign'] }],
    ['has no operation', { key_ops: [] }],
    ['has operations that are no array', { key_ops: 'verify' }],
    ['has operations that are null', { key_ops: null }],
    ['has no x', { x: undefined }],
    ['has no y', { y: undefined }],
    ['has an empty y', { y: '' }],
    ['has a y that is a number', { y: 1 }],
    ['has padding', { x: `${ec.x as string}=` }],
    ['has white space', { x: `${ec.x as string}\n` }],
    ['has plain base64', { x: '+'.repeat(43) }],
    ['has a coordinate that is too short', { x: 'AAAA' }],
    ['has a coordinate with a leading zero', { x: toBase64url(fromBase64url(ec.x), 33) }],
    ['is the point (0, 0)', { x: toBase64url(0n, 32), y: toBase64url(0n, 32) }],
    ['is not on its curve', { y: toBase64url(fromBase64url(ec.y) ^ 1n, 32) }],
    ['has its coordinates exchanged', { x: ec.y, y: ec.x }],
  ])('skips an EC key that %s', async (_, overrides) => {
    expect(await skipReason(withOverrides(ec, overrides))).not.toBe('accepted');
  });

  it.each<[string, Overrides]>([
    ['it has no usable "kid"', { kid: '' }],
    ['it has no "alg"', { alg: undefined }],
    ['it has no "use"', { use: undefined }],
    ['its "alg" is not an accepted one', { alg: 'HS256' }],
    ['its "use" is not "sig"', { use: 'enc' }],
    ['its "kty" does not fit its "alg"', { kty: 'RSA' }],
    ['it shows its private part', { d: 'AAAA' }],
    ['its "key_ops" do not have "verify"', { key_ops: ['sign'] }],
    ['its "crv" does not fit its "alg"', { crv: 'P-384' }],
    ['its "x" is not canonical base64url', { x: '=' }],
    ['its "y" is not canonical base64url', { y: undefined }],
    ['its coordinates do not have the length of its curve', { x: 'AAAA' }],
    ['its coordinates do not have the length of its curve', { y: 'AAAA' }],
    ['it is no valid key of its kind', { y: toBase64url(0n, 32) }],
  ])('says of a key that it skips: %s', async (reason, overrides) => {
    expect(await skipReason(withOverrides(ec, overrides))).toBe(reason);
  });

  it.each(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'])(
    'trusts no key that shows the secret member %s',
    async (member) => {
      expect(await skipReason({ ...ec, [member]: 'AAAA' })).toBe('it shows its private part');
    },
  );

  it('says of an RSA key which member is no base64url', async () => {
    const rsa = testKey('RS256').jwk;
    expect(await skipReason({ ...rsa, n: '=' })).toBe('its "n" is not canonical base64url');
    expect(await skipReason({ ...rsa, e: 65537 })).toBe('its "e" is not canonical base64url');
    expect(await skipReason({ ...rsa, n: 'AAAA' })).toBe('the RSA modulus has fewer than 2048 bits');
  });

  it('is refused with an error that has a name of its own', async () => {
    const refused = readVerificationKey({ ...ec, use: 'enc' });
    await expect(refused).rejects.toBeInstanceOf(UnusableKeyError);
    await expect(refused).rejects.toMatchObject({ name: 'UnusableKeyError' });
  });

  it('shows its kid in a report only when a key can have that one', () => {
    expect(readKid(ec)).toBe(ec.kid);
    for (const odd of [undefined, null, [], 'a', 1]) expect(readKid(odd)).toBeNull();
    for (const kid of ['', 'k'.repeat(257), 'a\0', '\ud800', 1]) expect(readKid({ kid })).toBeNull();
  });

  it('counts the characters of a kid, not its code units', () => {
    expect([isKidLength('😀'.repeat(256)), isKidLength('😀'.repeat(257))]).toEqual([true, false]);
    expect([isKidLength('k'.repeat(256)), isKidLength('k'.repeat(257))]).toEqual([true, false]);
  });

  it('skips a coordinate that is not reduced, where its length has room for one', async () => {
    const p521 = 2n ** 521n - 1n;
    const key = createKey('ES512').jwk;
    const x = toBase64url(fromBase64url(key.x) + p521, 66);
    expect(x).toHaveLength((key.x as string).length);
    expect(await skipReason({ ...key, x })).toBe('it is no valid key of its kind');
  });

  it.each<Overrides>([
    { key_ops: ['verify'] },
    { key_ops: ['sign', 'verify'] },
    { kid: 'k'.repeat(256) },
    { kid: '😀'.repeat(256) },
  ])('takes an EC key with %j', async (overrides) => {
    expect(await skipReason(withOverrides(ec, overrides))).toBe('accepted');
  });

  it.each(['ES256', 'ES384', 'ES512'] as const)(
    'takes an %s key whose coordinates begin with a zero octet',
    async (alg) => {
      // P-521 coordinates almost always do; the others once in 128 keys.
      for (;;) {
        const { jwk } = createKey(alg);
        const [x, y] = [jwk.x, jwk.y].map((text) => Buffer.from(text as string, 'base64url'));
        if (x?.[0] !== 0 && y?.[0] !== 0) continue;
        expect(await skipReason(jwk)).toBe('accepted');
        break;
      }
    },
  );
});
