import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { decodeBase64url } from './token/base64url.js';

const CIPHER = 'aes-256-gcm';
/** NIST SP 800-38D, section 8.2: 96 random bits for each encryption. */
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** The version of the sealed form. */
const VERSION = 'v1';

/** A text cannot be decrypted. `kind` says why. */
export class SealedTextError extends Error {
  override readonly name = 'SealedTextError';

  /** @param keyId - the {@link encryptionKeyId} of the key that encrypted it, where the text says one */
  constructor(
    readonly kind: 'other-key' | 'damaged' | 'unknown-version',
    readonly keyId?: string,
  ) {
    super(`The sealed text cannot be opened: ${kind}.`);
  }
}

/** A name for an encryption key that tells nothing about it: 8 hexadecimal digits of its SHA-256. */
export function encryptionKeyId(encryptionKey: Buffer): string {
  return createHash('sha256').update(encryptionKey).digest('hex').slice(0, 8);
}

/**
 * Encrypts a text with AES-256-GCM under a random IV. The place where it is stored is authenticated too, so that
 * it cannot be moved to another one.
 * @param encryptionKey - 32 bytes
 * @returns `v1.<id of the encryption key>.<IV>.<ciphertext and tag>`, the last two in base64url
 */
export function sealText(text: string, place: string, encryptionKey: Buffer): string {
  const keyId = encryptionKeyId(encryptionKey);
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, encryptionKey, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(associatedData(keyId, place));
  const content = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return [VERSION, keyId, iv.toString('base64url'), content.toString('base64url')].join('.');
}

/**
 * The text that was sealed for a place.
 * @param encryptionKeys - 32 bytes each; the one that encrypted the text is picked by its id
 * @throws SealedTextError
 */
export function openSealedText(sealed: string, place: string, encryptionKeys: readonly Buffer[]): string {
  const [version, keyId = '', ivText = '', contentText = '', ...rest] = sealed.split('.');
  if (version !== VERSION) throw new SealedTextError('unknown-version');
  const encryptionKey = encryptionKeys.find((candidate) => encryptionKeyId(candidate) === keyId);
  if (encryptionKey === undefined) throw new SealedTextError('other-key', keyId);
  const [iv, content] = [decodeBase64url(ivText), decodeBase64url(contentText)];
  if (iv?.length !== IV_BYTES || content === undefined || content.length < TAG_BYTES || rest.length > 0)
    throw new SealedTextError('damaged', keyId);
  const decipher = createDecipheriv(CIPHER, encryptionKey, iv, { authTagLength: TAG_BYTES });
  decipher.setAAD(associatedData(keyId, place));
  decipher.setAuthTag(content.subarray(-TAG_BYTES));
  try {
    const clear = Buffer.concat([decipher.update(content.subarray(0, -TAG_BYTES)), decipher.final()]);
    return clear.toString('utf8');
  } catch {
    throw new SealedTextError('damaged', keyId);
  }
}

/** The id of the encryption key that sealed a text; undefined for a form that is not known. */
export function sealedWith(sealed: string): string | undefined {
  const [version, keyId] = sealed.split('.');
  return version === VERSION ? keyId : undefined;
}

/** Whether a text is sealed, in this form or a later one. No JWS is: its header begins with another letter. */
export function isSealed(text: string): boolean {
  return /^v\d+\./.test(text);
}

function associatedData(keyId: string, place: string): Buffer {
  return Buffer.from(`${VERSION}.${keyId}.${place}`, 'utf8');
}
