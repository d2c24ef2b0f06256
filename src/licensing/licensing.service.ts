import { Injectable } from '@nestjs/common';
import { AuditStore } from '../audit/audit.store.js';
import type { Actor } from '../domain/actor.js';
import { isRootUrl } from '../domain/root-url.js';
import { ServiceError } from '../domain/service-error.js';
import { SnapshotService } from '../snapshot/snapshot.service.js';
import { licenseFacts } from './license/license-facts.js';
import { licenseIn, LicenseReader } from './license/license-reader.js';
import { LicenseQueue } from './terms/license-queue.js';
import { LicenseStore } from './license/license.store.js';
import { StoredLicenseLoader } from './license/stored-license-loader.js';

/** The removal of the license. The other use cases of the licensing API have a class each. */
@Injectable()
export class LicensingService {
  constructor(
    private readonly reader: LicenseReader,
    private readonly store: LicenseStore,
    private readonly loader: StoredLicenseLoader,
    private readonly queue: LicenseQueue,
    private readonly snapshots: SnapshotService,
    private readonly audit: AuditStore,
  ) {}

  /**
   * Removes the stored license; none is fine too. What a file or text holds stays.
   * @param instance - the root URL, so that nobody removes the license of another instance by mistake
   * @throws ServiceError `instance.mismatch`, `database.unavailable`
   */
  async remove(actor: Actor, instance: string): Promise<void> {
    if (!isRootUrl(instance, this.reader.policy.rootUrl)) throw new ServiceError('instance.mismatch');
    await this.snapshots.change(async (manager) => {
      const stored = await this.loader.load(manager);
      // A renewal of what a file or text holds may be under way, and must not store anything afterwards.
      const isEmpty = stored.content.kind === 'none' && stored.queued.kind === 'none';
      const isNothing = isEmpty && this.snapshots.current?.local.length === 0;
      if (isNothing) return { changed: false, value: undefined };
      await this.store.clear(manager, stored);
      await this.queue.recordEnd(manager, actor, stored, 'removed');
      const lid = licenseIn(stored.content)?.claims.lid;
      const target = lid === undefined ? 'license' : `license:${lid}`;
      await this.audit.record(manager, actor, 'license.remove', target, {}, licenseFacts(stored.content));
      return { changed: 'license', value: undefined };
    }, actor);
  }
}
