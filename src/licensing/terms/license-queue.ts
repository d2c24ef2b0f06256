import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AuditStore } from '../../audit/audit.store.js';
import { ClockWatch } from '../../clock/clock-watch.js';
import { Periodic } from '../../clock/periodic.js';
import { type Actor, SYSTEM } from '../../domain/actor.js';
import { claimsFacts, licenseFacts } from '../license/license-facts.js';
import type { AuthenticatedLicense } from '../../domain/license/license-token.js';
import { type DequeueReason, dequeuedBy } from '../../domain/license/license.js';
import { ServiceError } from '../../domain/service-error.js';
import type { StoredLicense } from '../../snapshot/snapshot.js';
import { SnapshotService } from '../../snapshot/snapshot.service.js';
import { LicenseMarkStore } from '../license/license-mark.store.js';
import { licenseIn, LicenseReader } from '../license/license-reader.js';
import { LicenseStore } from '../license/license.store.js';
import { StoredLicenseLoader } from '../license/stored-license-loader.js';

/** How often it is looked whether the term of a queued license has begun, milliseconds. */
const LOOK_MS = 1_000;

/** What the database holds, as a change begins. */
export interface LoadedLicense {
  readonly stored: StoredLicense;
  /** Whether the row was changed for it. */
  readonly promoted: boolean;
  /** The queued license, if its term has begun and no takeover has happened. */
  readonly passed?: AuthenticatedLicense;
}

/**
 * Puts the queued license in the place of the stored one when its term has begun. The reader answers from it from its
 * `nbf` on. The row follows within a second, or as soon as the database is there, by one statement. That cannot be
 * taken back, so two clocks must agree: our own (by the earlier time, if it jumped lately) and the database's.
 */
@Injectable()
export class LicenseQueue implements BeforeApplicationShutdown {
  readonly #logger = new Logger(LicenseQueue.name);
  readonly #looks = new Periodic(LOOK_MS, () => this.#look());

  constructor(
    private readonly reader: LicenseReader,
    private readonly store: LicenseStore,
    private readonly loader: StoredLicenseLoader,
    private readonly marks: LicenseMarkStore,
    private readonly snapshots: SnapshotService,
    private readonly audit: AuditStore,
    private readonly watch: ClockWatch,
  ) {}

  start(): void {
    this.#looks.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#looks.stop();
  }

  /**
   * Puts a queued license whose term has begun in its place.
   * @throws ServiceError `database.unavailable`
   */
  async promoteIfDue(): Promise<void> {
    const stored = this.snapshots.current?.license;
    if (stored === undefined || this.#dueIn(stored) === undefined) return;
    await this.snapshots.change(async (manager) => {
      const { promoted } = await this.load(manager);
      return { changed: promoted && 'license', value: undefined };
    });
  }

  /**
   * What the database holds, with a queued license whose term has begun in its place.
   * @param manager - of a transaction of {@link SnapshotService.change}
   */
  async load(manager: EntityManager): Promise<LoadedLicense> {
    const stored = await this.loader.load(manager);
    const queued = licenseIn(stored.queued);
    // Both clocks are asked once: what has not begun here has not begun for the rest of the transaction.
    const { earliest } = this.watch;
    if (queued === undefined || beginOf(queued) > earliest) return { stored, promoted: false };
    const due = this.#dueIn(stored);
    // A replica that cannot read the stored license must not replace it: others may know the key.
    const isReadable = stored.content.kind === 'verified' || stored.content.kind === 'none';
    if (due === undefined || !isReadable) {
      const hasCome = await this.marks.hasCome(manager, beginOf(queued));
      return { stored, promoted: false, ...(hasCome ? { passed: queued } : {}) };
    }
    // With the mark it has begun for every replica, also for one whose clock is somewhat behind.
    if (!(await this.marks.mark(manager, due.claims, beginOf(due)))) return { stored, promoted: false };
    await this.store.replace(manager, stored, due, { overNewer: true, emptyQueue: true });
    const detail = claimsFacts(due.claims);
    const before = licenseFacts(stored.content);
    await this.audit.record(manager, SYSTEM, 'license.promote', `license:${due.claims.lid}`, detail, before);
    return { stored: await this.loader.load(manager), promoted: true };
  }

  /**
   * Puts a license in the place of the stored one; a waiting license that this makes pointless leaves the queue.
   * @param overNewer - an older token may take the place of a newer one
   * @throws ServiceError `license.changed`
   */
  async replace(
    manager: EntityManager,
    actor: Actor,
    { stored, passed }: LoadedLicense,
    license: AuthenticatedLicense,
    overNewer: boolean,
  ): Promise<void> {
    const reason = dequeuedBy(licenseIn(stored.queued), license, passed !== undefined);
    await this.store.replace(manager, stored, license, {
      overNewer,
      emptyQueue: reason !== undefined,
    });
    if (reason !== undefined) await this.recordEnd(manager, actor, stored, reason);
  }

  /**
   * Lets a license wait, in the place of another one that waits.
   * @throws ServiceError `license.changed`
   */
  async put(
    manager: EntityManager,
    actor: Actor,
    stored: StoredLicense,
    license: AuthenticatedLicense,
  ): Promise<void> {
    await this.store.queue(manager, stored, license);
    await this.recordEnd(manager, actor, stored, 'replaced');
  }

  /** Records that the waiting license left the queue, if one waited. The record of the change itself follows. */
  async recordEnd(
    manager: EntityManager,
    actor: Actor,
    { queued }: StoredLicense,
    reason: DequeueReason,
  ): Promise<void> {
    if (queued.kind === 'none') return;
    const claims = licenseIn(queued)?.claims;
    // What does not verify has no identity that could be believed.
    if (claims === undefined)
      return this.audit.record(manager, actor, 'license.dequeue', 'license', { reason });
    const { lid, jti, iat, exp, lexp, nbf = null } = claims;
    const detail = { jti, iat, exp, lexp, nbf, reason };
    await this.audit.record(manager, actor, 'license.dequeue', `license:${lid}`, detail);
  }

  /**
   * The queued license, if its term has begun by both times after a clock jump.
   */
  #dueIn(stored: StoredLicense): AuthenticatedLicense | undefined {
    return this.reader.dueIn(stored) && this.reader.dueIn(stored, this.watch.earliest);
  }

  async #look(): Promise<void> {
    try {
      await this.promoteIfDue();
    } catch (error) {
      if (error instanceof ServiceError && error.code === 'database.unavailable') return;
      this.#logger.error({ msg: 'the license of the next term could not be put in its place', err: error });
    }
  }
}

/** When the term of a license begins, Unix seconds. */
function beginOf({ claims }: AuthenticatedLicense): number {
  return claims.nbf ?? claims.iat;
}
