import { checkPrimeSync, generateKeyPairSync, generatePrimeSync, randomBytes } from 'node:crypto';
import { readKeySet } from '../../../src/domain/token/key-set.js';
import type { JsonObject } from '../../../src/domain/token/strict-json.js';
import {
  fromBase64url,
  type Overrides,
  skipReason,
  testKey,
  toBase64url,
  withOverrides,
} from '../../support/tokens.js';

const rsa = testKey('RS256').jwk;

function prime(bits: number): bigint {
  return generatePrimeSync(bits, { bigint: true });
}

/** A modulus of so many primes of 1024 bits: up to 4 bits shorter than they are together. */
function product(primes: number): bigint {
  return Array.from({ length: primes }, () => prime(1024)).reduce((a, b) => a * b);
}

function primeAfter(start: bigint): bigint {
  let candidate = start | 1n;
  while (!checkPrimeSync(candidate)) candidate += 2n;
  return candidate;
}

/** A prime as the flawed library makes them: k * M + (65537^a mod M), M the product of the primes to 167. */
function rocaPrime(bits: number): bigint {
  let m = 1n;
  for (let n = 2n; n <= 167n; n += 1n) if (checkPrimeSync(n)) m *= n;
  let residue = 1n;
  for (let a = randomBytes(1).readUInt8() + 1; a > 0; a -= 1) residue = (residue * 65537n) % m;
  const least = (3n << BigInt(bits - 2)) / m + 1n;
  for (let k = least + BigInt(randomBytes(4).readUInt32BE()); ; k += 1n) {
    const candidate = k * m + residue;
    if (checkPrimeSync(candidate)) return candidate;
  }
}

const smallPrimes = Array.from({ length: 5_000 }, (_, index) => BigInt(2 * index + 3)).filter((odd) =>
  checkPrimeSync(odd),
);

const largePrime = prime(1024);

describe('An RSA key', () => {
  it.each<[string, Overrides]>([
    ['no n', { n: undefined }],
    ['no e', { e: undefined }],
    ['an empty n', { n: '' }],
    ['an n of zeros', { n: 'A'.repeat(344) }],
    ['an n with padding', { n: `${rsa.n as string}==` }],
    ['an n in plain base64', { n: '/'.repeat(342) }],
    ['an n with loose trailing bits', { n: `${(rsa.n as string).slice(0, -1)}_` }],
    ['an e that is a number', { e: 65537 }],
    ['an e with loose trailing bits', { e: 'AR' }],
    ['p', { p: 'AAAA' }],
    ['q', { q: 'AAAA' }],
    ['dp', { dp: 'AAAA' }],
    ['dq', { dq: 'AAAA' }],
    ['qi', { qi: 'AAAA' }],
    ['oth', { oth: [] }],
    ['the kty EC', { kty: 'EC' }],
    ['the alg ES256', { alg: 'ES256' }],
    ['the alg EdDSA', { alg: 'EdDSA' }],
  ])('skips one with %s', async (_, overrides) => {
    expect(await skipReason(withOverrides(rsa, overrides))).not.toBe('accepted');
  });

  it.each<[string, bigint, string]>([
    ['0', 0n, 'below'],
    ['1', 1n, 'below'],
    ['3', 3n, 'below'],
    ['17', 17n, 'below'],
    ['65535', 65535n, 'below'],
    ['65536', 65536n, 'below'],
    ['65538', 65538n, 'even'],
    ['2^64 + 1', 2n ** 64n + 1n, 'more than 64 bits'],
    ['2^2000 + 1', 2n ** 2000n + 1n, 'more than 64 bits'],
  ])('skips one with the exponent %s', async (_, exponent, reason) => {
    expect(await skipReason({ ...rsa, e: toBase64url(exponent) })).toContain(reason);
  });

  it.each([65537n, 65539n, 2n ** 64n - 1n])('takes one with the exponent %s', async (exponent) => {
    expect(await skipReason({ ...rsa, e: toBase64url(exponent) })).toBe('accepted');
  });

  it('counts the bits that are set, not the octets', async () => {
    const short = fromBase64url(rsa.n) >> 1n;
    expect(short.toString(2)).toHaveLength(2047);
    expect(await skipReason({ ...rsa, n: toBase64url(short) })).toContain('fewer than 2048');
    expect(await skipReason({ ...rsa, n: toBase64url(short, 257) })).toContain('fewer than 2048');
    expect(await skipReason({ ...rsa, n: toBase64url(fromBase64url(rsa.n) << 6145n) })).toContain(
      'more than 8192',
    );
  });

  it('takes a modulus of exactly 2048 or 8192 bits, and none of a bit more or less', async () => {
    const ofBits = (bits: number): bigint => {
      for (;;) {
        const modulus = prime(1024) * (prime(1025) + 2n ** BigInt(bits - 1024));
        if (modulus.toString(2).length !== bits || modulus % 2n === 0n) continue;
        if (smallPrimes.every((small) => modulus % small !== 0n)) return modulus;
      }
    };
    expect(await skipReason({ ...rsa, n: toBase64url(ofBits(8192)) })).toBe('accepted');
    expect(await skipReason({ ...rsa, n: toBase64url(2n ** 8192n + 1n) })).toContain('more than 8192');
    expect(fromBase64url(rsa.n).toString(2)).toHaveLength(2048);
    expect(await skipReason(rsa)).toBe('accepted');
    expect(await skipReason({ ...rsa, n: toBase64url(2n ** 2047n - 1n) })).toContain('fewer than 2048');
  });

  it('drops the leading zero octets of a sound one', async () => {
    const jwk = { ...rsa, n: toBase64url(fromBase64url(rsa.n), 257), e: 'AAEAAQ' };
    const set = await readKeySet({ keys: [jwk, rsa] });
    expect(set.find(rsa.kid as string)?.jwk).toEqual(rsa);
  });

  it('skips one of 1024 bits', async () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const jwk = {
      ...(publicKey.export({ format: 'jwk' }) as JsonObject),
      kid: 'a',
      alg: 'RS256',
      use: 'sig',
    };
    expect(await skipReason(jwk)).toContain('fewer than 2048');
  });

  it.each<[string, () => bigint, string]>([
    ['is even', () => fromBase64url(rsa.n) - 1n, 'even'],
    ['has the factor 3', () => 3n * product(2), 'tiny factor'],
    ['has the factor 9973', () => 9973n * product(2), 'tiny factor'],
    ['is a square', () => prime(1025) ** 2n, 'too close'],
    ['has neighboring primes', () => primeAfter(largePrime + 2n) * largePrime, 'too close'],
    [
      'has primes that share their upper half',
      () => primeAfter(largePrime + 2n ** 512n) * largePrime,
      'too close',
    ],
    [
      'has primes that are found after some rounds',
      () => primeAfter(largePrime + 2n ** 516n) * largePrime,
      'too close',
    ],
    ['is a prime', () => prime(2048), 'is a prime'],
    ['has the ROCA fingerprint', () => rocaPrime(1024) * rocaPrime(1024), 'ROCA'],
  ])('skips one whose modulus %s', async (_, make, reason) => {
    expect(await skipReason({ ...rsa, n: toBase64url(make()) })).toContain(reason);
  });

  it('takes ordinary ones up to 8192 bits', async () => {
    const moduli = [prime(1024) * prime(1025), product(3), product(8)];
    for (const modulus of moduli) {
      expect(await skipReason({ ...rsa, n: toBase64url(modulus) })).toBe('accepted');
    }
  });
});
