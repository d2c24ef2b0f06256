import { Inject, Injectable } from '@nestjs/common';
import { AuditStore } from '../../audit/audit.store.js';
import type { Actor } from '../../domain/actor.js';
import { type Clock, CLOCK, toSeconds } from '../../domain/clock.js';
import { claimsFacts, licenseFacts } from '../license/license-facts.js';
import type { AuthenticatedLicense } from '../../domain/license/license-token.js';
import { isOverdue } from '../../domain/license/renewal-policy.js';
import { decideSuccession, type StoredToken } from '../../domain/license/succession.js';
import {
  ISSUER_REPORTING,
  type IssuerReporting,
  type ReportFate,
} from '../../domain/usage/issuer-reporting.js';
import { ServiceError } from '../../domain/service-error.js';
import { LicenseIssuer, type RenewalAnswer } from '../../issuer/license-issuer.js';
import type { StoredLicense } from '../../snapshot/snapshot.js';
import { SnapshotService } from '../../snapshot/snapshot.service.js';
import { LicenseMetrics } from '../license/license-metrics.js';
import { LicenseQueue } from '../terms/license-queue.js';
import { licenseIn, LicenseReader, type LicenseState } from '../license/license-reader.js';
import { LicenseRevoker } from './license-revoker.js';
import { fromBeforeRevocation, RenewalAnswerReader } from './renewal-answer-reader.js';
import { RenewalJournal } from './renewal-journal.js';
import type { Lease } from './renewal.store.js';

/** A license to renew, of any source, and what the database had when it was chosen. */
export interface Renewable {
  readonly stored: StoredLicense;
  readonly license: AuthenticatedLicense;
  /** Unix seconds; the earlier time while the clock is in doubt. */
  readonly askedAt: number;
}

/**
 * One call to the issuer and what becomes of its answer: verified, compared and stored in one conditional
 * statement.
 */
@Injectable()
export class RenewalCall {
  constructor(
    private readonly issuer: LicenseIssuer,
    private readonly answers: RenewalAnswerReader,
    private readonly queue: LicenseQueue,
    private readonly journal: RenewalJournal,
    private readonly reader: LicenseReader,
    private readonly revoker: LicenseRevoker,
    private readonly snapshots: SnapshotService,
    private readonly audit: AuditStore,
    private readonly metrics: LicenseMetrics,
    @Inject(ISSUER_REPORTING) private readonly reporting: IssuerReporting,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * @param lease - ours
   * @returns the license that is stored afterwards
   * @throws ServiceError `license.changed`, `issuer.*`, `database.unavailable`
   */
  async make(actor: Actor, renewable: Renewable, lease: Lease): Promise<LicenseState> {
    const { license } = renewable;
    // A further call goes without: if the report was what the issuer could not answer to, it can now.
    const report = lease.call === 1 ? await this.reporting.next(license.claims) : undefined;
    let fate: ReportFate = { kind: 'failed' };
    try {
      const reply = await this.issuer.renew(license, lease.id, report?.member);
      const state = await this.#accept(actor, renewable, lease, reply.answer);
      if (reply.report !== undefined) fate = reply.report;
      return state;
    } catch (error) {
      await this.journal.failed(lease, license, error);
      throw error;
    } finally {
      if (report !== undefined) this.reporting.settle(report, fate);
    }
  }

  async #accept(
    actor: Actor,
    renewable: Renewable,
    lease: Lease,
    answer: RenewalAnswer,
  ): Promise<LicenseState> {
    const read = await this.answers.read(renewable.license, answer);
    switch (read.kind) {
      case 'unchanged':
        return this.#unchanged(renewable, lease);
      case 'successor':
        return this.#store(actor, renewable, lease, read.license);
      case 'revoked':
        await this.revoker.revoke(actor, read.revocation, read.statement);
        throw read.refusal;
    }
  }

  /**
   * Nothing newer to have, which is fine for as long as none is due. The caller gets the present license
   * either way.
   */
  async #unchanged({ stored, license }: Renewable, lease: Lease): Promise<LicenseState> {
    if (isOverdue(license.claims, toSeconds(this.clock.now()))) {
      await this.journal.notDue(lease, license);
      this.metrics.renewal('not-due');
    } else {
      await this.journal.unchanged(lease, license);
      this.metrics.renewal('unchanged');
    }
    return this.reader.stateIn(license, stored);
  }

  /** Promotes the successor, unless the license was removed or replaced since it was read. */
  async #store(
    actor: Actor,
    { stored: read, license, askedAt }: Renewable,
    lease: Lease,
    successor: AuthenticatedLicense,
  ): Promise<LicenseState> {
    // Counted after the transaction, which may run more than once.
    let outcome: 'renewed' | 'unchanged' = 'unchanged';
    const state = await this.snapshots.change(async (manager) => {
      // The next term may have begun while the issuer thought: what it answered is no successor of that license.
      const loaded = await this.queue.load(manager);
      const { stored } = loaded;
      const { iss, lid } = successor.claims;
      const succession = decideSuccession({
        before: storedToken(read),
        now: storedToken(stored),
        renewed: license,
        successor,
        askedAt,
        revokedAt: stored.revocations.find(iss, lid),
      });
      switch (succession.kind) {
        case 'changed':
          throw new ServiceError('license.changed');
        case 'revoked':
          throw fromBeforeRevocation();
        case 'keep':
          await this.journal.succeeded(manager, lease, (outcome = 'unchanged'), succession.present);
          return { changed: 'license', value: this.reader.stateIn(succession.present, stored) };
        case 'store':
          break;
      }
      // What is stored may be newer than what was renewed only where it is not valid, and another source's license is.
      const overNewer =
        succession.isUnchanged && !this.reader.isStoredValid(stored, toSeconds(this.clock.now()));
      await this.queue.replace(manager, actor, loaded, successor, overNewer);
      await this.audit.record(
        manager,
        actor,
        'license.renew',
        `license:${lid}`,
        { ...claimsFacts(successor.claims), attemptId: lease.id },
        licenseFacts(stored.content),
      );
      await this.journal.succeeded(manager, lease, (outcome = 'renewed'), successor);
      return { changed: 'license', value: this.reader.stateIn(successor, stored) };
    });
    this.metrics.renewal(outcome);
    return state;
  }
}

function storedToken({
  generation,
  revision,
  stamp,
  content,
  queued,
}: StoredLicense): StoredToken<AuthenticatedLicense> {
  return {
    generation,
    revision,
    stamp,
    isEmpty: content.kind === 'none',
    present: licenseIn(content),
    queued: licenseIn(queued),
  };
}
