import { Inject, Injectable } from '@nestjs/common';
import { AuditStore, type AuditRecord } from '../../audit/audit.store.js';
import { Database } from '../../database/database.js';
import type { Actor } from '../../domain/actor.js';
import { type Clock, CLOCK, toSeconds } from '../../domain/clock.js';
import { claimsFacts, licenseFacts } from '../license/license-facts.js';
import { momentFor } from '../../domain/license/license-choice.js';
import type { AuthenticatedLicense } from '../../domain/license/license-token.js';
import { judge, LicenseStatus } from '../../domain/license/license.js';
import { ServiceError } from '../../domain/service-error.js';
import type { StoredContent } from '../../snapshot/snapshot.js';
import { SnapshotService } from '../../snapshot/snapshot.service.js';
import { LicenseQueue } from '../terms/license-queue.js';
import { licenseIn, LicenseReader, type LicenseState } from '../license/license-reader.js';
import { StoredLicenseLoader } from '../license/stored-license-loader.js';

/** How many changes are shown at a time. */
const SHOWN = 100;

/** The tokens that the database holds, and how they came there. */
export interface LicensePast {
  readonly current: AuthenticatedLicense | undefined;
  readonly previous: AuthenticatedLicense | undefined;
  readonly queued: AuthenticatedLicense | undefined;
  /** Newest first. */
  readonly changes: readonly AuditRecord[];
}

/** What was stored before, and the way back to it. */
@Injectable()
export class LicenseHistory {
  constructor(
    private readonly loader: StoredLicenseLoader,
    private readonly queue: LicenseQueue,
    private readonly reader: LicenseReader,
    private readonly database: Database,
    private readonly snapshots: SnapshotService,
    private readonly audit: AuditStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws ServiceError `database.unavailable` */
  async past(): Promise<LicensePast> {
    return this.database.read(async (manager) => {
      const stored = await this.loader.load(manager);
      return {
        current: licenseIn(stored.content),
        previous: licenseIn(await this.loader.previous(manager)),
        queued: licenseIn(stored.queued),
        changes: await this.audit.licenseRecords(manager, SHOWN),
      };
    });
  }

  /**
   * Restores the previous token; the present one becomes the previous one. This is the only write that goes
   * back, because a caller asks for it. The next renewal may bring the issuer's terms again.
   * @throws ServiceError `license.not-found` without a previous token, `license.*` when it would not be valid now,
   *   `license.changed`, `database.unavailable`
   */
  async rollback(actor: Actor): Promise<LicenseState> {
    return this.snapshots.change(async (manager) => {
      const loaded = await this.queue.load(manager);
      const { stored } = loaded;
      const license = assertVerified(await this.loader.previous(manager));
      const { claims } = license;
      const revokedAt = stored.revocations.find(claims.iss, claims.lid);
      const now = momentFor({ judgedFrom: stored.marks.find(claims) }, toSeconds(this.clock.now()));
      const verdict = judge(claims, this.reader.policy, now, revokedAt);
      if (verdict.status !== LicenseStatus.Valid) throw new ServiceError(verdict.code, verdict.message);
      await this.queue.replace(manager, actor, loaded, license, true);
      const { lid } = claims;
      const from = licenseIn(stored.content)?.claims.jti ?? null;
      await this.audit.record(
        manager,
        actor,
        'license.rollback',
        `license:${lid}`,
        { ...claimsFacts(claims), from },
        licenseFacts(stored.content),
      );
      return { changed: 'license', value: { status: verdict.status, claims } };
    }, actor);
  }
}

/** @throws ServiceError `license.not-found`, `issuer.unavailable`, or why the token does not verify any more */
function assertVerified(previous: StoredContent): AuthenticatedLicense {
  switch (previous.kind) {
    case 'verified':
      return previous.license;
    case 'none':
      throw new ServiceError('license.not-found', 'There is no previous license to go back to.');
    case 'keys-unavailable':
      throw new ServiceError('issuer.unavailable', undefined, {
        cause: new Error('the keys that verify the previous license are not known'),
        retryAfter: 5,
      });
    case 'unverifiable':
      throw new ServiceError(previous.code, 'The previous license does not verify any more.', {
        cause: new Error(previous.reason),
      });
  }
}
