import type { JWK } from 'jose';
import type { PublicJwk } from '../../domain/token/verification-key.js';
import type { SigningKeyEntity } from './signing-key.entity.js';

const PUBLIC = ['kty', 'n', 'e', 'crv', 'x', 'y'] as const;

/** The public members of a key. It names them, so that nothing else can come along. */
export function publicMembers(jwk: JWK): JWK {
  return Object.fromEntries(PUBLIC.flatMap((name) => (jwk[name] === undefined ? [] : [[name, jwk[name]]])));
}

/** A key as the key set shows it (RFC 7517, section 4). */
export function publishedJwk({ kid, alg, publicJwk }: SigningKeyEntity): PublicJwk {
  return { ...(publicMembers(publicJwk) as Pick<PublicJwk, 'kty'>), kid, alg, use: 'sig' };
}
