import { Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.js';
import type { Actor } from '../domain/actor.js';
import { LicenseStatus } from '../domain/license/license.js';
import { isRootUrl } from '../domain/root-url.js';
import { ServiceError } from '../domain/service-error.js';
import { SnapshotService } from '../snapshot/snapshot.service.js';
import type { Inspection } from './install/license-inspection.js';
import { type InstallOptions, LicenseInstaller } from './install/license-installer.js';
import { licenseIn, LicenseReader, type LicenseState } from './license/license-reader.js';
import { LicenseRenewal } from './renewal/license-renewal.js';
import { LicenseQueue } from './terms/license-queue.js';
import { LicenseStore } from './license/license.store.js';

/** The use cases of the licensing API. */
@Injectable()
export class LicensingService {
  constructor(
    private readonly reader: LicenseReader,
    private readonly store: LicenseStore,
    private readonly queue: LicenseQueue,
    private readonly renewal: LicenseRenewal,
    private readonly installer: LicenseInstaller,
    private readonly snapshots: SnapshotService,
    private readonly audit: AuditLog,
  ) {}

  /** Whether a valid license is there, from memory. @throws ServiceError `database.unavailable` */
  check(): boolean {
    return this.reader.current().status === LicenseStatus.Valid;
  }

  /** The license, from memory. @throws ServiceError `database.unavailable` */
  current(): LicenseState {
    return this.reader.current();
  }

  /**
   * Installs a token that somebody uploaded.
   * @throws ServiceError `license.*`, `issuer.unavailable` without any keys, `database.unavailable`
   */
  async install(actor: Actor, token: string, options: InstallOptions): Promise<LicenseState> {
    return this.installer.install(actor, token, options);
  }

  /**
   * What an install of this token would come to; nothing is stored.
   * @throws ServiceError `issuer.unavailable` without any keys, `database.unavailable`
   */
  async inspect(token: string): Promise<Inspection> {
    return this.installer.inspect(token);
  }

  /**
   * Asks the issuer for a new token. Calls that arrive meanwhile share the outcome.
   * @throws ServiceError `license.not-found`, `license.changed`, `issuer.*`, `database.unavailable`
   */
  async renew(actor: Actor): Promise<LicenseState> {
    return this.renewal.renew(actor);
  }

  /**
   * Removes the stored license; none is fine too. What a file or text holds stays.
   * @param instance - the root URL, so that nobody removes the license of another instance by mistake
   * @throws ServiceError `instance.mismatch`, `database.unavailable`
   */
  async remove(actor: Actor, instance: string): Promise<void> {
    if (!isRootUrl(instance, this.reader.policy.rootUrl)) throw new ServiceError('instance.mismatch');
    await this.snapshots.change(async (manager) => {
      const held = await this.store.load(manager);
      // A renewal of what a file or text holds may be under way, and must not store anything afterwards.
      const isEmpty = held.content.kind === 'none' && held.queued.kind === 'none';
      const isNothing = isEmpty && this.snapshots.current?.local.length === 0;
      if (isNothing) return { changed: false, value: undefined };
      await this.store.clear(manager, held);
      await this.queue.recordEnd(manager, actor, held, 'removed');
      const lid = licenseIn(held.content)?.claims.lid;
      const target = lid === undefined ? 'license' : `license:${lid}`;
      await this.audit.record(manager, actor, 'license.remove', target);
      return { changed: true, value: undefined };
    });
  }
}
