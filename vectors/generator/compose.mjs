import { createECDH, sign as signBytes } from 'node:crypto';
import { CLAIMS, NOW } from './instance.mjs';
import { keyOf, number } from './keys.mjs';
import { bytesOf, deterministic, pss, rawRsa, sha } from './rsa.mjs';

export const encode = (content) => Buffer.from(content).toString('base64url');
const isRaw = (content) => typeof content === 'string' || content instanceof Uint8Array;
const textOf = (content) => (isRaw(content) ? content : JSON.stringify(content));

/** `header.payload` of exactly these bytes; objects as JSON, an object header with `alg` and `kid` before its members. */
export function inputOf(alg, { header = {}, payload = CLAIMS, key = keyOf(alg) } = {}) {
  const first = isRaw(header) ? header : { alg, kid: key.kid, ...header };
  return `${encode(textOf(first))}.${encode(textOf(payload))}`;
}

/** A token with a signature that fits its bytes. */
export function signed(alg, options = {}) {
  const input = inputOf(alg, options);
  return `${input}.${encode(signatureOf(input, options.key ?? keyOf(alg), options.signAs ?? alg))}`;
}

/** A token with a signature of choice. */
export const withSignature = (input, signature) => `${input}.${encode(signature)}`;

const CURVES = {
  ES256: ['prime256v1', 32, 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n],
  ES384: [
    'secp384r1',
    48,
    0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  ],
  ES512: ['secp521r1', 66, 2n ** 521n - 0x5ae79787c40d069948033feb708f65a2fc44a36477663b851449048e16ec79bf7n],
};
export const ORDER_P256 = CURVES.ES256[2];

/** ECDSA by hand (FIPS 186-5, section 6.4.1), with a nonce that depends on key and input alone unless one is given. */
export function ecdsa(key, input, { alg = key.alg, hash = `sha${alg.slice(2)}`, nonce } = {}) {
  const [curve, size, n] = CURVES[alg];
  const k = nonce ?? (number(deterministic(key, input, size + 16).toString('base64url')) % (n - 1n)) + 1n;
  const ecdh = createECDH(curve);
  ecdh.setPrivateKey(bytesOf(k, size));
  const r =
    BigInt(
      `0x${ecdh
        .getPublicKey()
        .subarray(1, 1 + size)
        .toString('hex')}`,
    ) % n;
  const digest = sha(hash, input).subarray(0, size);
  const z = BigInt(`0x${digest.toString('hex')}`);
  const s = (inverse(k, n) * ((z + r * number(key.jwk.d)) % n)) % n;
  return { r, s, size, n };
}

export const p1363 = ({ r, s, size }) => Buffer.concat([bytesOf(r, size), bytesOf(s, size)]);

export function inverse(value, modulus) {
  let [a, b, x, y] = [((value % modulus) + modulus) % modulus, modulus, 1n, 0n];
  while (a > 1n) [a, b, x, y] = [b % a, a, y - (b / a) * x, x];
  return ((x % modulus) + modulus) % modulus;
}

/** The signature of an input as an algorithm makes it; the same in every run. */
export function signatureOf(input, key, alg = key.alg) {
  if (alg === 'EdDSA') return signBytes(null, Buffer.from(input), key.object);
  if (alg.startsWith('ES')) return p1363(ecdsa(key, input, { alg }));
  const hash = `sha${alg.slice(2)}`;
  if (alg.startsWith('PS')) return rawRsa(key, pss(key, input, { hash }));
  return signBytes(hash, Buffer.from(input), key.object);
}

/** A vector that must be refused. `name` says the case, without the algorithm. */
export const reject = (code, alg, name, comment, token, now = NOW) => ({
  name,
  alg,
  comment,
  now,
  verdict: 'reject',
  code,
  token,
});

/** A vector that must be accepted. */
export const accept = (alg, name, comment, token, { now = NOW, flags = [] } = {}) => ({
  name,
  alg,
  comment,
  now,
  verdict: 'accept',
  code: null,
  flags,
  token,
});
