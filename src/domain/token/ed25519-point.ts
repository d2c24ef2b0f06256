import { ed25519 } from '@noble/curves/ed25519.js';

/**
 * What is wrong with an Ed25519 public key, in a few words, or `undefined` when nothing is: its length, an
 * encoding that is not the point's only one, no point of the curve (RFC 8032, section 5.1.3), or a point of
 * small order, with which one signature fits many messages.
 */
export function ed25519Weakness(encoded: Uint8Array): string | undefined {
  if (encoded.length !== 32) return 'the Ed25519 key does not have 32 bytes';
  try {
    // By RFC 8032, not by ZIP 215, which takes further encodings.
    const isSmall = ed25519.Point.fromBytes(Uint8Array.from(encoded), false).isSmallOrder();
    return isSmall ? 'the Ed25519 key is a point of small order' : undefined;
  } catch {
    return 'the Ed25519 key is no point of the curve';
  }
}
