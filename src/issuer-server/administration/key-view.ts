import { toSeconds } from '../../domain/clock.js';
import { sealedWith } from '../../domain/sealed-text.js';
import type { ListedKey } from '../keys/key-administration.js';
import type { SigningKeyEntity } from '../keys/signing-key.entity.js';

/** What `keys list` tells of a key; times in Unix seconds. */
export function publicKey({ key, use, activeFrom, warning }: ListedKey) {
  const seconds = (moment: Date | null) => (moment === null ? null : toSeconds(moment.getTime()));
  return {
    kid: key.kid,
    state: key.state,
    alg: key.alg,
    private_part: storedAs(key),
    published_at: seconds(key.createdAt),
    active_from: activeFrom ?? null,
    activated_at: seconds(key.activatedAt),
    verify_only_at: seconds(key.verifyOnlyAt),
    retired_at: seconds(key.retiredAt),
    licenses: use.licenses,
    tokens_until: use.licenses === 0 ? null : use.until,
    warning,
  };
}

function storedAs({ privateSealed, privateFile, privateJwk }: SigningKeyEntity): string {
  if (privateSealed !== null) return `encrypted (${sealedWith(privateSealed) ?? 'unknown form'})`;
  if (privateFile !== null) return `file ${privateFile}`;
  return privateJwk === null ? '-' : 'in clear';
}
