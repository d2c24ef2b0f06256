import fc from 'fast-check';
import { emptyKeySet, readKeySet } from '../../../src/domain/token/key-set.js';
import { authenticateLicenseToken, readTokenHeader } from '../../../src/domain/license/license-token.js';
import { verifyLicenseToken } from '../../support/verify-license-token.js';
import { type ErrorCode, ServiceError } from '../../../src/domain/service-error.js';
import {
  ALGORITHMS,
  createKey,
  encode,
  issuerKeys,
  licenseCode,
  NOW,
  type Overrides,
  policy,
  sign,
  type SignOptions,
  signRevocation,
  testKey,
  utf8,
  validClaims,
} from '../../support/tokens.js';

const key = testKey();
const { keySet } = await issuerKeys(['ES256', 'EdDSA', 'RS256', 'ES512']);
const token = sign();
const [header = '', payload = '', signature = ''] = token.split('.');

describe('authenticateLicenseToken', () => {
  it.each(ALGORITHMS)('takes a token that is signed with %s, and only with its own key', async (alg) => {
    const keys = (await issuerKeys([alg])).keySet;
    const signed = sign({ key: testKey(alg) });
    const license = await authenticateLicenseToken(signed, keys);
    expect(license).toMatchObject({ token: signed, claims: validClaims(), key: { kid: `key-${alg}`, alg } });
    const others = await readKeySet({ keys: [createKey(alg).jwk] });
    expect(await licenseCode(signed, others)).toBe('license.untrusted');
  });

  it('has a fingerprint of its claims alone, in any order and spelling', async () => {
    const fingerprint = async (options: SignOptions): Promise<string> =>
      (await authenticateLicenseToken(sign(options), keySet)).fingerprint;
    const first = await fingerprint({});
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    const reversed = Object.fromEntries(Object.entries(validClaims()).reverse());
    expect(await fingerprint({ claims: JSON.stringify(reversed, null, 2) })).toBe(first);
    expect(await fingerprint({ header: { typ: 'JWT' }, key: testKey('EdDSA') })).toBe(first);
    expect(
      await fingerprint({ claims: JSON.stringify(validClaims()).replace('"1234"', '"\\u0031234"') }),
    ).toBe(first);
    expect(await fingerprint({ claims: validClaims({ unknown: null }) })).not.toBe(first);
    expect(await fingerprint({ claims: validClaims({ company: undefined }) })).not.toBe(first);
    expect(await fingerprint({ claims: validClaims({ included_users: 51 }) })).not.toBe(first);
  });

  it('refuses every token when no key is known', async () => {
    expect(await licenseCode(token, emptyKeySet)).toBe('license.untrusted');
  });
});

describe('readTokenHeader', () => {
  it('reads alg, kid and typ without any key', () => {
    expect(readTokenHeader(token)).toEqual({ alg: 'ES256', kid: key.kid });
    expect(readTokenHeader(sign({ header: { typ: 'JWT', kid: 'new', jwk: {} } }))).toEqual({
      alg: 'ES256',
      kid: 'new',
      typ: 'JWT',
    });
  });

  it('refuses a payload or signature that is not canonical, before anything is decided', () => {
    expect(() => readTokenHeader(`${header}.A.${signature}`)).toThrow('canonical');
    expect(() => readTokenHeader(`${header}.${payload}.AB`)).toThrow('canonical');
  });

  it.each(['none', 'HS256', 'es256', 'toString', '__proto__'])('does not trust the alg %s', (alg) => {
    const candidate = sign({ header: { alg } });
    expect(() => readTokenHeader(candidate)).toThrow('The "alg" of the token is not an accepted one.');
    expect(() => readTokenHeader(candidate)).toThrow(expect.objectContaining({ code: 'license.untrusted' }));
  });

  it('answers any text with a header or with its own error', () => {
    const part = fc.oneof(fc.string(), fc.json().map(encode), fc.base64String());
    fc.assert(
      fc.property(
        fc.oneof(
          fc.anything(),
          fc.array(part, { maxLength: 4 }).map((parts) => parts.join('.')),
        ),
        (value) => {
          try {
            readTokenHeader(value);
          } catch (error) {
            expect(error).toBeInstanceOf(ServiceError);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('does not take more time for a hostile text than for its length', () => {
    const started = performance.now();
    for (const text of [
      'A'.repeat(16_384),
      `${'A.'.repeat(8191)}!`,
      `${encode(utf8('{'.repeat(12_000)))}.A.A`,
    ]) {
      expect(() => readTokenHeader(text)).toThrow(ServiceError);
    }
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe('verifyLicenseToken', () => {
  it('gives the license that is valid at this moment', async () => {
    await expect(verifyLicenseToken(token, keySet, policy, NOW)).resolves.toMatchObject({
      claims: validClaims(),
    });
  });

  it.each<[ErrorCode, Overrides]>([
    ['license.untrusted', { iss: 'https://other.example' }],
    ['license.subject-mismatch', { sub: 'https://other.example/' }],
    ['license.not-active', { nbf: NOW + 11 }],
    ['license.not-active', { iat: NOW + 11 }],
    ['license.expired', { lexp: NOW }],
    ['license.expired', { exp: NOW }],
    ['license.invalid', { prod: ['other'] }],
  ])('refuses with %s a license with %j', async (code, overrides) => {
    const refused = verifyLicenseToken(sign({ claims: validClaims(overrides) }), keySet, policy, NOW);
    await expect(refused).rejects.toMatchObject({
      name: 'ServiceError',
      code,
      message: expect.stringMatching(/^The .+\.$/),
    });
  });

  it('refuses a token that was never verified before it judges one', async () => {
    const forged = sign({ key: createKey('ES256', key.kid), claims: validClaims({ exp: 1 }) });
    await expect(verifyLicenseToken(forged, keySet, policy, NOW)).rejects.toMatchObject({
      code: 'license.untrusted',
    });
  });

  it('refuses a statement of revocation', async () => {
    const statement = signRevocation({ claims: validClaims() });
    await expect(verifyLicenseToken(statement, keySet, policy, NOW)).rejects.toMatchObject({
      code: 'license.invalid',
    });
  });
});
