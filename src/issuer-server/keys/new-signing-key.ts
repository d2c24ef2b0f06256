import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import { UnusableKeyError, readVerificationKey } from '../../domain/token/verification-key.js';
import { IssuerServerError } from '../issuer-server-error.js';
import { publicMembers } from './public-jwk.js';

/** What the issuer signs with; the first one unless another is chosen. */
export const SIGNING_ALGORITHMS = ['ES256', 'EdDSA', 'RS512', 'PS256'] as const;

export type SigningAlgorithm = (typeof SIGNING_ALGORITHMS)[number];

/** Comparable to the 128 bits of ES256 (NIST SP 800-57, part 1, table 2). */
const RSA_MODULUS_BITS = 3072;

/** A key that is in no database yet. */
export interface NewSigningKey {
  /** Its thumbprint (RFC 7638). */
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  readonly publicJwk: JWK;
  readonly privateJwk: JWK;
}

export async function generateSigningKey(
  alg: SigningAlgorithm = SIGNING_ALGORITHMS[0],
): Promise<NewSigningKey> {
  for (;;) {
    const { privateKey } = await generateKeyPair(alg, {
      extractable: true,
      ...(alg === 'RS512' || alg === 'PS256' ? { modulusLength: RSA_MODULUS_BITS } : {}),
    });
    const key = await newSigningKey(await exportJWK(privateKey), alg);
    // On a command line a name that begins so would be an option.
    if (!key.kid.startsWith('-')) return key;
  }
}

/**
 * A private key from elsewhere as a signing key.
 * @param alg - by default the one of an elliptic key; an RSA key has two
 * @throws IssuerServerError where it does not fit the algorithm, or is weak
 */
export async function adoptSigningKey(
  privateJwk: JWK,
  alg: SigningAlgorithm | undefined,
): Promise<NewSigningKey> {
  const chosen = alg ?? algorithmOf(privateJwk);
  const key = await newSigningKey(privateJwk, chosen);
  try {
    await readVerificationKey({ ...key.publicJwk, kid: key.kid, alg: chosen, use: 'sig' });
  } catch (error) {
    if (!(error instanceof UnusableKeyError)) throw error;
    throw new IssuerServerError(`The key cannot be used with ${chosen}: ${error.message}.`, { cause: error });
  }
  return key;
}

async function newSigningKey(privateJwk: JWK, alg: SigningAlgorithm): Promise<NewSigningKey> {
  const publicJwk = publicMembers(privateJwk);
  return { kid: await calculateJwkThumbprint(publicJwk), alg, publicJwk, privateJwk };
}

function algorithmOf({ kty }: JWK): SigningAlgorithm {
  if (kty === 'EC') return 'ES256';
  if (kty === 'OKP') return 'EdDSA';
  throw new IssuerServerError('An RSA key needs its algorithm: --algorithm RS512 or PS256.');
}
