import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { JWK } from 'jose';
import { decodeBase64url } from '../../domain/token/base64url.js';

const CIPHER = 'aes-256-gcm';
/** NIST SP 800-38D, section 8.2: 96 random bits for each encryption. */
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** The version of the sealed form. */
const VERSION = 'v1';

/** A private key cannot be decrypted. `kind` says why. */
export class SealedKeyError extends Error {
  override readonly name = 'SealedKeyError';

  /** @param keyId - the {@link encryptionKeyId} of the key that encrypted it, where the text says one */
  constructor(
    readonly kind: 'other-key' | 'damaged' | 'unknown-version',
    readonly keyId?: string,
  ) {
    super(`The sealed key cannot be opened: ${kind}.`);
  }
}

/** A name for an encryption key that tells nothing about it: 8 hexadecimal digits of its SHA-256. */
export function encryptionKeyId(encryptionKey: Buffer): string {
  return createHash('sha256').update(encryptionKey).digest('hex').slice(0, 8);
}

/**
 * Encrypts a private key with AES-256-GCM under a random IV. The `kid` is authenticated too, so that a row
 * cannot get the key of another row.
 * @param encryptionKey - 32 bytes
 * @returns `v1.<id of the encryption key>.<IV>.<ciphertext and tag>`, the last two in base64url
 */
export function sealKey(privateJwk: JWK, kid: string, encryptionKey: Buffer): string {
  const keyId = encryptionKeyId(encryptionKey);
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, encryptionKey, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(associatedData(keyId, kid));
  const content = Buffer.concat([
    cipher.update(JSON.stringify(privateJwk), 'utf8'),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
  return [VERSION, keyId, iv.toString('base64url'), content.toString('base64url')].join('.');
}

/**
 * The private key of a sealed text.
 * @param encryptionKeys - 32 bytes each; the one that encrypted the text is picked by its id
 * @throws SealedKeyError
 */
export function openSealedKey(sealed: string, kid: string, encryptionKeys: readonly Buffer[]): JWK {
  const [version, keyId = '', ivText = '', contentText = '', ...rest] = sealed.split('.');
  if (version !== VERSION) throw new SealedKeyError('unknown-version');
  const encryptionKey = encryptionKeys.find((candidate) => encryptionKeyId(candidate) === keyId);
  if (encryptionKey === undefined) throw new SealedKeyError('other-key', keyId);
  const [iv, content] = [decodeBase64url(ivText), decodeBase64url(contentText)];
  if (iv?.length !== IV_BYTES || content === undefined || content.length < TAG_BYTES || rest.length > 0)
    throw new SealedKeyError('damaged', keyId);
  const decipher = createDecipheriv(CIPHER, encryptionKey, iv, { authTagLength: TAG_BYTES });
  decipher.setAAD(associatedData(keyId, kid));
  decipher.setAuthTag(content.subarray(-TAG_BYTES));
  try {
    const clear = Buffer.concat([decipher.update(content.subarray(0, -TAG_BYTES)), decipher.final()]);
    return JSON.parse(clear.toString('utf8')) as JWK;
  } catch {
    throw new SealedKeyError('damaged', keyId);
  }
}

/** The id of the encryption key that sealed a text; undefined for a form that is not known. */
export function sealedWith(sealed: string): string | undefined {
  const [version, keyId] = sealed.split('.');
  return version === VERSION ? keyId : undefined;
}

function associatedData(keyId: string, kid: string): Buffer {
  return Buffer.from(`${VERSION}.${keyId}.${kid}`, 'utf8');
}
