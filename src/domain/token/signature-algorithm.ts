/** The kind of key that an algorithm works with, and the size of an elliptic curve's coordinate in bytes. */
export type KeyShape =
  | { readonly kty: 'RSA' }
  | { readonly kty: 'EC'; readonly crv: string; readonly coordinateBytes: number }
  | { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly coordinateBytes: 32 };

/** Every `alg` (RFC 7518, section 3.1; RFC 8037) that is accepted: all asymmetric. Nothing else ever is. */
export const SIGNATURE_ALGORITHMS = {
  RS256: { kty: 'RSA' },
  RS384: { kty: 'RSA' },
  RS512: { kty: 'RSA' },
  PS256: { kty: 'RSA' },
  PS384: { kty: 'RSA' },
  PS512: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256', coordinateBytes: 32 },
  ES384: { kty: 'EC', crv: 'P-384', coordinateBytes: 48 },
  ES512: { kty: 'EC', crv: 'P-521', coordinateBytes: 66 },
  EdDSA: { kty: 'OKP', crv: 'Ed25519', coordinateBytes: 32 },
} as const satisfies Record<string, KeyShape>;

export type SignatureAlgorithm = keyof typeof SIGNATURE_ALGORITHMS;

/** Whether the text is exactly the name of an accepted algorithm. */
export function isSignatureAlgorithm(text: unknown): text is SignatureAlgorithm {
  return typeof text === 'string' && Object.hasOwn(SIGNATURE_ALGORITHMS, text);
}
