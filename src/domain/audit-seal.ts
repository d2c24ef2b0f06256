import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import type { JsonValue } from './token/strict-json.js';

/** What comes before the 32 bytes of an Ed25519 key in PKCS #8 (RFC 8410, section 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Signs seals of the audit log. */
export interface SealSigner {
  /** The public key: 32 bytes, base64url. */
  readonly key: string;
  /** @param hash - of the seal. @returns Ed25519 (RFC 8032), base64url */
  readonly sign: (hash: string) => string;
}

/** The signer of a secret text: the same text is the same key. */
export function sealSigner(secret: string): SealSigner {
  const seed = createHash('sha256').update(`licentia audit seal\0${secret}`).digest();
  const privateKey = createPrivateKey({
    key: Buffer.concat([PKCS8_PREFIX, seed]),
    format: 'der',
    type: 'pkcs8',
  });
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  if (x === undefined) throw new Error('the key has no public part');
  return { key: x, sign: (hash) => sign(null, Buffer.from(hash), privateKey).toString('base64url') };
}

/** Whether the signature of a seal is that of its key. Anything that is no text is not. */
export function isSealSigned(
  hash: JsonValue | undefined,
  key: JsonValue | undefined,
  signature: JsonValue | undefined,
): boolean {
  if (typeof hash !== 'string' || typeof key !== 'string' || typeof signature !== 'string') return false;
  const publicKey = publicKeyOf(key);
  if (publicKey === undefined) return false;
  return verify(null, Buffer.from(hash), publicKey, Buffer.from(signature, 'base64url'));
}

function publicKeyOf(x: string): KeyObject | undefined {
  try {
    return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  } catch {
    return undefined;
  }
}
