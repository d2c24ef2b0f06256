import { createHmac, createPublicKey, sign as signBytes } from 'node:crypto';
import type { KeySet } from '../../../src/domain/token/key-set.js';
import { authenticateLicenseToken } from '../../../src/domain/license/license-token.js';
import type { SignatureAlgorithm } from '../../../src/domain/token/signature-algorithm.js';
import {
  ALGORITHMS,
  createKey,
  encode,
  issuerKeys,
  licenseCode,
  sign,
  testKey,
  validClaims,
} from '../../support/tokens.js';

const key = testKey();
const { keySet } = await issuerKeys(['ES256', 'EdDSA', 'RS256', 'ES512']);
const codeFor = (candidate: unknown, keys: KeySet = keySet): Promise<string> => licenseCode(candidate, keys);
const token = sign();
const [header = '', payload = '', signature = ''] = token.split('.');

describe('The signature of a license token', () => {
  it('does not trust an unsigned token, with anything in its signature', async () => {
    for (const alg of ['none', 'ES256']) {
      const input = `${encode(JSON.stringify({ alg, kid: key.kid }))}.${payload}`;
      expect(await codeFor(`${input}.AA`)).toBe('license.untrusted');
      expect(await codeFor(`${input}.`)).toBe('license.invalid');
    }
  });

  it('does not trust an HMAC with the public key for its secret', async () => {
    const rsa = testKey('RS256');
    const publicKey = createPublicKey(rsa.privateKey);
    const secrets = [
      publicKey.export({ type: 'spki', format: 'pem' }),
      publicKey.export({ type: 'spki', format: 'der' }),
      JSON.stringify(rsa.jwk),
      rsa.jwk.n as string,
      '',
    ];
    for (const alg of ['HS256', 'RS256']) {
      const input = `${encode(JSON.stringify({ alg, kid: rsa.kid }))}.${payload}`;
      for (const secret of secrets) {
        const mac = createHmac('sha256', secret).update(input).digest('base64url');
        expect(await codeFor(`${input}.${mac}`)).toBe('license.untrusted');
      }
    }
  });

  it.each<[SignatureAlgorithm, SignatureAlgorithm]>([
    ['RS256', 'RS384'],
    ['RS256', 'RS512'],
    ['RS256', 'PS256'],
  ])('does not trust the key for %s with a sound signature of %s', async (own, other) => {
    const rsa = testKey(own);
    expect(await codeFor(sign({ key: rsa, header: { alg: other }, signAs: other }))).toBe(
      'license.untrusted',
    );
    expect(await codeFor(sign({ key: rsa, signAs: other }))).toBe('license.untrusted');
    expect(await codeFor(sign({ key: rsa, header: { alg: other } }))).toBe('license.untrusted');
  });

  it('does not trust an alg that is another key’s', async () => {
    for (const alg of ALGORITHMS.filter((name) => name !== key.alg)) {
      expect(await codeFor(sign({ header: { alg } }))).toBe('license.untrusted');
      const refused = authenticateLicenseToken(sign({ header: { alg } }), keySet);
      await expect(refused).rejects.toThrow('The "alg" of the token is not the one of its key.');
    }
  });

  it('does not trust the key that a token brings along', async () => {
    const own = createKey('ES256');
    const members = {
      jwk: own.jwk,
      jku: 'https://evil.example/',
      x5u: 'https://evil.example/',
      x5c: ['MII'],
    };
    expect(await codeFor(sign({ key: own, header: { kid: key.kid, ...members } }))).toBe('license.untrusted');
    expect(await codeFor(sign({ key: own, header: { kid: 'own', ...members } }))).toBe('license.untrusted');
  });

  it('does not trust a signature by another key of the set', async () => {
    const other = testKey('EdDSA');
    expect(await codeFor(sign({ key: other, header: { kid: key.kid } }))).toBe('license.untrusted');
  });

  it('does not trust a signature of another token', async () => {
    const other = sign({ claims: validClaims({ jti: '9' }) }).split('.');
    expect(await codeFor(`${header}.${other[1] ?? ''}.${signature}`)).toBe('license.untrusted');
    expect(await codeFor(`${other[0] ?? ''}.${payload}.${other[2] ?? ''}`)).toBe('license.untrusted');
  });

  const order = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551';
  const zero = '00'.repeat(32);
  const one = '1'.padStart(64, '0');
  const last = (BigInt(`0x${order}`) - 1n).toString(16);
  const [r, s] = [
    Buffer.from(signature, 'base64url').subarray(0, 32),
    Buffer.from(signature, 'base64url').subarray(32),
  ].map((half) => half.toString('hex')) as [string, string];

  it.each<[string, string]>([
    ['r = s = 0', zero + zero],
    ['r = 0', zero + s],
    ['s = 0', r + zero],
    ['r = s = n', order + order],
    ['r = n', order + s],
    ['s = n', r + order],
    ['r = s = 1', one + one],
    ['r = n, s = 1', order + one],
    ['r = s = n - 1', last + last],
    ['all bits set', 'ff'.repeat(64)],
    ['s + n', r + (BigInt(`0x${s}`) + BigInt(`0x${order}`)).toString(16).slice(-64)],
    ['r and s exchanged', s + r],
    ['one octet more', `${r}${s}00`],
    ['one octet less', `${r}${s}`.slice(0, -2)],
    ['a leading zero octet each', `00${r}00${s}`],
    ['r alone', r],
    ['one octet', '00'],
    ['ES512’s size', '00'.repeat(132)],
  ])('does not trust an ECDSA signature with %s', async (_, hex) => {
    expect(await codeFor(`${header}.${payload}.${encode(Buffer.from(hex, 'hex'))}`)).toBe(
      'license.untrusted',
    );
  });

  it('does not trust an ECDSA signature in DER', async () => {
    const der = signBytes('sha256', Buffer.from(`${header}.${payload}`), key.privateKey);
    expect(await codeFor(`${header}.${payload}.${encode(der)}`)).toBe('license.untrusted');
  });

  it('takes the other form of an ECDSA signature for the same license', async () => {
    const other = (BigInt(`0x${order}`) - BigInt(`0x${s}`)).toString(16).padStart(64, '0');
    const twin = `${header}.${payload}.${encode(Buffer.from(r + other, 'hex'))}`;
    const [a, b] = [
      await authenticateLicenseToken(token, keySet),
      await authenticateLicenseToken(twin, keySet),
    ];
    expect(b.token).not.toBe(a.token);
    expect(b.fingerprint).toBe(a.fingerprint);
  });

  it.each(['RS256', 'EdDSA'] as const)(
    'does not trust a %s signature of another size or value',
    async (alg) => {
      const signed = sign({ key: testKey(alg) });
      const input = signed.slice(0, signed.lastIndexOf('.'));
      const bytes = Buffer.from(signed.slice(input.length + 1), 'base64url');
      const zeros = Buffer.alloc(bytes.length);
      const ones = Buffer.alloc(bytes.length, 0xff);
      const forms = [
        Buffer.concat([Buffer.alloc(1), bytes]),
        Buffer.concat([bytes, Buffer.alloc(1)]),
        zeros,
        ones,
      ];
      for (const form of [...forms, bytes.subarray(1), bytes.subarray(0, -1), Buffer.alloc(1)]) {
        expect(await codeFor(`${input}.${encode(form)}`)).toBe('license.untrusted');
      }
    },
  );

  it('does not trust an EdDSA signature whose S is not reduced', async () => {
    const signed = sign({ key: testKey('EdDSA') });
    const input = signed.slice(0, signed.lastIndexOf('.'));
    const bytes = Buffer.from(signed.slice(input.length + 1), 'base64url');
    const little = BigInt(`0x${Buffer.from(bytes.subarray(32)).reverse().toString('hex')}`);
    const larger = little + 2n ** 252n + 27742317777372353535851937790883648493n;
    const half = Buffer.from(larger.toString(16).padStart(64, '0'), 'hex').reverse();
    const forged = encode(Buffer.concat([bytes.subarray(0, 32), half]));
    expect(await codeFor(`${input}.${forged}`)).toBe('license.untrusted');
  });

  it('treats any error of a library as a signature that does not verify', async () => {
    const broken = { kid: key.kid, alg: key.alg, key: {}, jwk: {} };
    const keys = { find: () => broken, kids: [], skipped: [], size: 1 } as unknown as KeySet;
    expect(await codeFor(token, keys)).toBe('license.untrusted');
  });

  it('looks at the claims only after the signature', async () => {
    const forged = sign({ claims: '{"iss":1', key: createKey('ES256', key.kid) });
    expect(await codeFor(forged)).toBe('license.untrusted');
    expect(await codeFor(sign({ claims: '{"iss":1' }))).toBe('license.invalid');
  });
});
