import { Injectable } from '@nestjs/common';
import { AuditStore } from '../../audit/audit.store.js';
import type { Actor } from '../../domain/actor.js';
import type { RevocationStatement } from '../../domain/license/license-token.js';
import { SnapshotService } from '../../snapshot/snapshot.service.js';
import { LicenseStore } from '../license/license.store.js';
import { StoredLicenseLoader } from '../license/stored-license-loader.js';

/** Takes up an issuer's word that a license is revoked. */
@Injectable()
export class LicenseRevoker {
  constructor(
    private readonly store: LicenseStore,
    private readonly loader: StoredLicenseLoader,
    private readonly snapshots: SnapshotService,
    private readonly audit: AuditStore,
  ) {}

  /**
   * @param revocation - verified, and signed as `statement`
   * @throws ServiceError `database.unavailable`
   */
  async revoke(actor: Actor, revocation: RevocationStatement, statement: string): Promise<void> {
    const { lid, iat } = revocation;
    await this.snapshots.change(async (manager) => {
      const stored = await this.loader.load(manager);
      const changed = await this.store.revoke(manager, stored, revocation, statement);
      if (changed) await this.audit.record(manager, actor, 'license.revoke', `license:${lid}`, { iat });
      return { changed: changed && 'license', value: undefined };
    });
  }
}
