import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ALGORITHMS, MAIN } from './instance.mjs';

const FILE = new URL('../private-test-keys.json', import.meta.url);
const CURVES = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };

/** New keys, for whoever wants vectors of his own: the issuer's, a second one for each main algorithm, a stranger's. */
export function makeKeys() {
  return {
    warning: 'TEST KEYS. They are public: never trust, configure or deploy any of them.',
    issuer: [...ALGORITHMS.map((alg) => make(alg, `${alg}-1`)), ...MAIN.map((alg) => make(alg, `${alg}-2`))],
    stranger: MAIN.map((alg) => make(alg, `${alg}-1`)),
  };
}

function make(alg, kid) {
  const { privateKey } = alg.startsWith('ES')
    ? generateKeyPairSync('ec', { namedCurve: CURVES[alg] })
    : alg === 'EdDSA'
      ? generateKeyPairSync('ed25519')
      : generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid, alg, use: 'sig' };
}

/** The committed keys. */
export const PRIVATE = JSON.parse(readFileSync(FILE, 'utf8'));

/** The public half of a key, as a key set shows it. */
export function publicJwk({ kty, kid, alg, use, n, e, crv, x, y }) {
  return JSON.parse(JSON.stringify({ kty, kid, alg, use, n, e, crv, x, y }));
}

const load = (jwk) => ({
  jwk,
  alg: jwk.alg,
  kid: jwk.kid,
  object: createPrivateKey({ key: jwk, format: 'jwk' }),
});
const issuer = new Map(PRIVATE.issuer.map((jwk) => [jwk.kid, load(jwk)]));
const strangers = new Map(PRIVATE.stranger.map((jwk) => [jwk.alg, load(jwk)]));

/** The issuer's key for an algorithm: the first unless the second is asked for. */
export const keyOf = (alg, number = 1) => issuer.get(`${alg}-${number}`);

/** A key that the issuer never had, with the `kid` of the one it has. */
export const strangerOf = (alg) => strangers.get(alg);

export const number = (base64url) => BigInt(`0x0${Buffer.from(base64url, 'base64url').toString('hex')}`);
