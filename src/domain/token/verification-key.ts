import { type CryptoKey, importJWK } from 'jose';
import { decodeBase64url } from './base64url.js';
import { ed25519Weakness } from './ed25519-point.js';
import { rsaWeakness } from './rsa-strength.js';
import {
  isSignatureAlgorithm,
  SIGNATURE_ALGORITHMS,
  type SignatureAlgorithm,
} from './signature-algorithm.js';
import type { JsonObject, JsonValue } from './strict-json.js';
import { hasUnstorableText } from '../unstorable-text.js';

/** The public members of a key, and no others: what may be stored and shown. */
export type PublicJwk = {
  kty: 'RSA' | 'EC' | 'OKP';
  kid: string;
  alg: SignatureAlgorithm;
  use: 'sig';
  n?: string;
  e?: string;
  crv?: string;
  x?: string;
  y?: string;
};

/** A key that license tokens may be signed with, for this one algorithm. */
export interface VerificationKey {
  readonly kid: string;
  readonly alg: SignatureAlgorithm;
  readonly key: CryptoKey;
  /** Gives the same key again when it is read alone as a set. */
  readonly jwk: PublicJwk;
}

/** The longest `kid`, in characters. */
const MAX_KID_LENGTH = 256;

/** Members of RFC 7518, section 6, that only a private or symmetric key has. */
const SECRET_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'] as const;

/** A key cannot be used; the message says why in a few words and quotes nothing of the key. */
export class UnusableKeyError extends Error {
  override readonly name = 'UnusableKeyError';
}

/** Whether the text has at most 256 characters. */
export function isKidLength(text: string): boolean {
  // A character has two code units at most, so nothing long is taken apart.
  return text.length <= 2 * MAX_KID_LENGTH && Array.from(text).length <= MAX_KID_LENGTH;
}

/** The key's `kid` if it is one that a key can have, else null. */
export function readKid(jwk: JsonValue | undefined): string | null {
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) return null;
  const { kid } = jwk;
  const usable = typeof kid === 'string' && kid !== '' && isKidLength(kid) && !hasUnstorableText(kid);
  return usable ? kid : null;
}

/**
 * Reads one member of a key set (RFC 7517, section 4; RFC 7518, section 6; RFC 8037, section 2).
 *
 * @throws {UnusableKeyError} when it is no public signature key of an accepted algorithm, or a weak one. A key
 * that was published with its private half cannot be trusted.
 */
export async function readVerificationKey(jwk: JsonObject): Promise<VerificationKey> {
  const kid = readKid(jwk);
  if (kid === null) throw new UnusableKeyError('it has no usable "kid"');
  const { kty, alg, use } = jwk;
  // RFC 7517 has both as optional: here a key is for one algorithm and for signatures, and says so.
  if (alg === undefined) throw new UnusableKeyError('it has no "alg"');
  if (!isSignatureAlgorithm(alg)) throw new UnusableKeyError('its "alg" is not an accepted one');
  if (use === undefined) throw new UnusableKeyError('it has no "use"');
  if (use !== 'sig') throw new UnusableKeyError('its "use" is not "sig"');
  if (kty !== SIGNATURE_ALGORITHMS[alg].kty) throw new UnusableKeyError('its "kty" does not fit its "alg"');
  if (SECRET_MEMBERS.some((member) => Object.hasOwn(jwk, member))) {
    throw new UnusableKeyError('it shows its private part');
  }
  if (Object.hasOwn(jwk, 'key_ops') && !(Array.isArray(jwk.key_ops) && jwk.key_ops.includes('verify'))) {
    throw new UnusableKeyError('its "key_ops" do not have "verify"');
  }
  const common = { kid, alg, use } as const;
  const publicJwk: PublicJwk =
    kty === 'RSA' ? { kty, ...common, ...(await readRsa(jwk)) } : { ...common, ...readCurve(jwk, alg) };
  return { kid, alg, key: await importKey(publicJwk), jwk: publicJwk };
}

async function readRsa(jwk: JsonObject): Promise<{ n: string; e: string }> {
  // Leading zero octets break RFC 7518, section 2, but not the key: they are dropped, and never count as bits.
  const n = withoutLeadingZeros(readBytes(jwk, 'n'));
  const e = withoutLeadingZeros(readBytes(jwk, 'e'));
  const weakness = await rsaWeakness(toBigInt(n), toBigInt(e));
  if (weakness !== undefined) throw new UnusableKeyError(weakness);
  return { n: n.toString('base64url'), e: e.toString('base64url') };
}

function readCurve(
  jwk: JsonObject,
  alg: SignatureAlgorithm,
): { kty: 'EC' | 'OKP'; crv: string; x: string; y?: string } {
  const shape = SIGNATURE_ALGORITHMS[alg];
  if (shape.kty === 'RSA') throw new UnusableKeyError('its "kty" does not fit its "alg"');
  if (jwk.crv !== shape.crv) throw new UnusableKeyError('its "crv" does not fit its "alg"');
  const { kty, crv } = shape;
  const x = readBytes(jwk, 'x');
  if (kty === 'OKP') {
    const weakness = ed25519Weakness(x);
    if (weakness !== undefined) throw new UnusableKeyError(weakness);
    return { kty, crv, x: x.toString('base64url') };
  }
  const y = readBytes(jwk, 'y');
  if (x.length !== shape.coordinateBytes || y.length !== shape.coordinateBytes) {
    throw new UnusableKeyError('its coordinates do not have the length of its curve');
  }
  return { kty, crv, x: x.toString('base64url'), y: y.toString('base64url') };
}

/** The engine's own check is the one that finds a point that is not on its NIST curve. */
async function importKey(jwk: PublicJwk): Promise<CryptoKey> {
  try {
    const key = await importJWK(jwk, jwk.alg);
    if (!(key instanceof Uint8Array)) return key;
  } catch {
    throw new UnusableKeyError('it is no valid key of its kind');
  }
  throw new UnusableKeyError('it is a symmetric key');
}

function readBytes(jwk: JsonObject, member: 'n' | 'e' | 'x' | 'y'): Buffer {
  const text = jwk[member];
  const bytes = typeof text === 'string' && text !== '' ? decodeBase64url(text) : undefined;
  if (bytes === undefined) throw new UnusableKeyError(`its "${member}" is not canonical base64url`);
  return bytes;
}

function withoutLeadingZeros(bytes: Buffer): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  return first < 0 ? bytes.subarray(bytes.length) : bytes.subarray(first);
}

function toBigInt(bytes: Buffer): bigint {
  return BigInt(`0x0${bytes.toString('hex')}`);
}
