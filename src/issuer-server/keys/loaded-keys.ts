import type { CryptoKey } from 'jose';
import { type KeySet, readKeySet } from '../../domain/token/key-set.js';
import type { PublicJwk } from '../../domain/token/verification-key.js';
import { publishedJwk } from './public-jwk.js';
import type { SigningKeyEntity } from './signing-key.entity.js';

/** What signs. */
export interface Signer {
  readonly key: SigningKeyEntity;
  readonly privateKey: CryptoKey;
}

/** The keys of the issuer as a process has them in memory. */
export interface LoadedKeys {
  /** Of the database, without the retired ones. */
  readonly rows: readonly SigningKeyEntity[];
  /** The active key. Where that cannot be used here, the one before it; undefined once that is retired. */
  readonly signer: Signer | undefined;
  readonly jwks: { readonly keys: readonly PublicJwk[] };
  readonly keySet: KeySet;
}

/** Whether the active key of the database signs here. After a restore, the signer may be a key that it lacks. */
export function signsWithActive({ rows, signer }: LoadedKeys): boolean {
  return rows.some(({ kid, state }) => state === 'active' && kid === signer?.key.kid);
}

/** For the log: what signs where the active key of the database cannot be read. */
export function unusableText(loaded: LoadedKeys): string {
  if (signsWithActive(loaded))
    return (
      'the private part of the active signing key cannot be read any more: this process goes on signing with it ' +
      'from memory, and the next start fails until it is right'
    );
  const rest =
    loaded.signer === undefined
      ? 'and the former one is retired: nothing is signed until it can be used'
      : 'so the former one goes on signing';
  return `the active signing key of the database cannot be used here, ${rest}`;
}

/** The key set of these keys, to publish and to verify with. */
export async function publish(
  rows: readonly SigningKeyEntity[],
): Promise<Pick<LoadedKeys, 'jwks' | 'keySet'>> {
  const jwks = { keys: rows.map(publishedJwk) };
  return { jwks, keySet: await readKeySet(jwks) };
}

/**
 * What is in use while the active key cannot be: what all publish, which a retired key is no part of. The
 * former key goes on signing until it is retired; one that the database lacks, as after a restore, is
 * published beside the others.
 */
export async function withoutActive(
  { signer }: LoadedKeys,
  all: readonly SigningKeyEntity[],
  rows: readonly SigningKeyEntity[],
): Promise<LoadedKeys> {
  const own = all.find(({ kid }) => kid === signer?.key.kid);
  if (signer === undefined || own?.state === 'retired')
    return { rows, signer: undefined, ...(await publish(rows)) };
  if (own === undefined) return { rows, signer, ...(await publish([signer.key, ...rows])) };
  return { rows, signer: { ...signer, key: own }, ...(await publish(rows)) };
}
