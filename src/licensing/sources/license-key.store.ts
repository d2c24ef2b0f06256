import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { LessThan } from 'typeorm';
import { Database } from '../../database/database.js';
import { type KeySet, readKeySet } from '../../domain/token/key-set.js';
import type { AuthenticatedLicense } from '../../domain/license/license-token.js';
import { LicenseKeyEntity } from './license-key.entity.js';

/** How long after its token has expired a key is still kept, seconds: an expired license can be renewed. */
const KEPT_SECONDS = 400 * 86_400;

/** Remembers which key verified a token that is kept outside of the database, so that no rotation takes it away. */
@Injectable()
export class LicenseKeyStore {
  constructor(private readonly database: Database) {}

  /**
   * The key that verified this very token before, as a set of one; undefined when none did.
   * @throws ServiceError `database.unavailable`
   */
  async find(token: string): Promise<KeySet | undefined> {
    const row = await this.database.read((manager) =>
      manager.findOneBy(LicenseKeyEntity, { tokenSha256: digest(token) }),
    );
    return row === null ? undefined : readKeySet({ keys: [{ ...row.signingKey }] });
  }

  /**
   * @param nowSeconds - Unix seconds
   * @throws ServiceError `database.unavailable`
   */
  async remember({ token, key, claims }: AuthenticatedLicense, nowSeconds: number): Promise<void> {
    await this.database.transaction(async (manager) => {
      await manager.upsert(
        LicenseKeyEntity,
        { tokenSha256: digest(token), signingKey: key.jwk, exp: claims.exp },
        ['tokenSha256'],
      );
      await manager.delete(LicenseKeyEntity, { exp: LessThan(nowSeconds - KEPT_SECONDS) });
    });
  }
}

function digest(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
