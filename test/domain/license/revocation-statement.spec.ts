import {
  readRevocationHeader,
  verifyRevocationStatement,
} from '../../../src/domain/license/license-token.js';
import {
  createKey,
  ISSUER,
  issuerKeys,
  NOW,
  type Overrides,
  sign,
  signRevocation,
  testKey,
  validClaims,
} from '../../support/tokens.js';

const { keySet } = await issuerKeys();

function verify(statement: unknown): Promise<unknown> {
  return verifyRevocationStatement(statement, keySet, { issuer: ISSUER }, NOW);
}

describe('verifyRevocationStatement', () => {
  it.each<[string, Overrides]>([
    ['now', {}],
    ['long ago', { iat: 1 }],
    ['60 s ahead', { iat: NOW + 60 }],
  ])('takes a statement that the issuer made %s', async (_, claims) => {
    await expect(verify(signRevocation({ claims }))).resolves.toEqual({
      iss: ISSUER,
      lid: '10500',
      iat: NOW,
      ...claims,
    });
  });

  it('ignores claims that it does not know', async () => {
    const claims = { exp: 1, jti: null, reason: 'fraud' };
    await expect(verify(signRevocation({ claims }))).resolves.toEqual({
      iss: ISSUER,
      lid: '10500',
      iat: NOW,
    });
  });

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['text', 'revoked'],
    ['a license', sign()],
    ['a license of the typ license+jwt', sign({ header: { typ: 'license+jwt' } })],
    ['no typ', signRevocation({ header: { typ: undefined } })],
    ['the typ JWT', signRevocation({ header: { typ: 'JWT' } })],
    ['the typ in other case', signRevocation({ header: { typ: 'License-Revocation+JWT' } })],
    ['the typ null', signRevocation({ header: { typ: null } })],
    ['the alg none', signRevocation({ header: { alg: 'none' } })],
    ['crit', signRevocation({ header: { crit: ['exp'] } })],
    ['an unknown kid', signRevocation({ header: { kid: 'other' } })],
    ['a signature by another key', signRevocation({ key: createKey('ES256', testKey().kid) })],
    ['a trailing newline', `${signRevocation()}\n`],
    ['padding', `${signRevocation()}==`],
    ['more than 16 KiB', signRevocation({ claims: { pad: 'p'.repeat(16_384) } })],
    ['an iat 61 s ahead', signRevocation({ claims: { iat: NOW + 61 } })],
    ['an iat that is 0', signRevocation({ claims: { iat: 0 } })],
    ['an iat with a fraction', signRevocation({ claims: { iat: 1.5 } })],
    ['an iat that is text', signRevocation({ claims: { iat: '1' } })],
    ['no iat', signRevocation({ claims: { iat: undefined } })],
    ['no lid', signRevocation({ claims: { lid: undefined } })],
    ['an empty lid', signRevocation({ claims: { lid: '' } })],
    ['a lid that is a number', signRevocation({ claims: { lid: 10500 } })],
    ['a lid with NUL', signRevocation({ claims: { lid: '\0' } })],
    ['no iss', signRevocation({ claims: { iss: undefined } })],
    ['another iss', signRevocation({ claims: { iss: `${ISSUER}/` } })],
    ['an array of claims', sign({ header: { typ: 'license-revocation+jwt' }, claims: '[]' })],
    [
      'duplicate claims',
      sign({
        header: { typ: 'license-revocation+jwt' },
        claims: `{"iss":"${ISSUER}","lid":"1","l\\u0069d":"10500","iat":${NOW}}`,
      }),
    ],
  ])('finds the issuer’s answer unusable with %s', async (_, statement) => {
    await expect(verify(statement)).rejects.toMatchObject({
      name: 'ServiceError',
      code: 'issuer.bad-response',
    });
  });

  it('keeps the rule that failed for the log', async () => {
    await expect(verify(sign())).rejects.toMatchObject({
      message: "The issuer's revocation statement does not verify.",
      cause: { code: 'license.invalid' },
    });
    await expect(verify(signRevocation({ claims: { iss: 'https://other.example' } }))).rejects.toMatchObject({
      cause: { code: 'license.untrusted', message: 'The statement is by another issuer.' },
    });
    await expect(verify(signRevocation({ claims: { iat: NOW + 61 } }))).rejects.toMatchObject({
      cause: { code: 'license.not-active', message: 'The statement was made in the future.' },
    });
  });

  it('is not fooled by a moment that is no number', async () => {
    const refused = verifyRevocationStatement(signRevocation(), keySet, { issuer: ISSUER }, NaN);
    await expect(refused).rejects.toMatchObject({ code: 'issuer.bad-response' });
  });

  it('has the license’s claims for a statement when the issuer signs them as one', async () => {
    const both = signRevocation({ claims: validClaims() });
    await expect(verify(both)).resolves.toMatchObject({ lid: '10500' });
  });
});

describe('readRevocationHeader', () => {
  it('says which key a statement needs', () => {
    expect(readRevocationHeader(signRevocation()).kid).toBe(testKey().kid);
  });

  it.each([undefined, 'revoked', sign(), sign({ header: { typ: 'JWT' } }), `${signRevocation()}=`])(
    'finds the issuer’s answer unusable with %p',
    (statement) => {
      const unusable = expect.objectContaining({ code: 'issuer.bad-response' }) as Error;
      expect(() => readRevocationHeader(statement)).toThrow(unusable);
    },
  );
});
