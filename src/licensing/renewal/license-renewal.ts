import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { ClockWatch } from '../../clock/clock-watch.js';
import { Database } from '../../database/database.js';
import type { Actor } from '../../domain/actor.js';
import { type Clock, CLOCK } from '../../domain/clock.js';
import { isSameLicense } from '../../domain/license/license.js';
import type { Candidate } from '../../domain/license/license-choice.js';
import type { AuthenticatedLicense } from '../../domain/license/license-token.js';
import { ServiceError } from '../../domain/service-error.js';
import { assertNotPaused, LicenseIssuer } from '../../issuer/license-issuer.js';
import type { StoredLicense, Snapshot } from '../../snapshot/snapshot.js';
import { SnapshotService } from '../../snapshot/snapshot.service.js';
import { LicenseQueue } from '../terms/license-queue.js';
import { LicenseMetrics } from '../license/license-metrics.js';
import { LicenseReader, type LicenseState } from '../license/license-reader.js';
import { StoredLicenseLoader } from '../license/stored-license-loader.js';
import type { AttemptFailure } from './renewal-attempt.entity.js';
import { type Renewable, RenewalCall } from './renewal-call.js';
import { RenewalStore, type Lease, type LeaseOutcome } from './renewal.store.js';

/** How often it is looked whether another replica has an answer, milliseconds. */
const FOLLOW_MS = 100;
/** Give up after this many lost leases or concurrent changes. */
const MAX_LEASES = 5;

/**
 * Renews the license: one call at a time, for all callers and replicas, with no transaction open during the call. A
 * failed renewal changes only the state of renewals. See decision 10.
 */
@Injectable()
export class LicenseRenewal {
  /** Nothing comes of one whose caller lost its rights before the issuer was asked. */
  readonly #underWay = new Map<string, Promise<LicenseState | undefined>>();

  constructor(
    private readonly issuer: LicenseIssuer,
    private readonly call: RenewalCall,
    private readonly renewals: RenewalStore,
    private readonly loader: StoredLicenseLoader,
    private readonly queue: LicenseQueue,
    private readonly reader: LicenseReader,
    private readonly database: Database,
    private readonly snapshots: SnapshotService,
    private readonly metrics: LicenseMetrics,
    private readonly watch: ClockWatch,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * @returns the license that is stored afterwards: the new one, or the present one where the issuer has none newer
   * @throws ServiceError `license.not-found`, `license.changed`, `issuer.*`, `database.unavailable`
   */
  async renew(actor: Actor): Promise<LicenseState> {
    // Before any wait: a caller that arrives during a renewal shares it, however soon it ends.
    const snapshot = this.snapshots.current;
    const first = snapshot === undefined ? undefined : this.candidateIn(snapshot);
    const key = joinKeyOf(snapshot?.license.generation, first);
    let renewal = this.#underWay.get(key);
    if (renewal === undefined) {
      renewal = this.#take(actor)
        .catch((error: unknown) => {
          if (!isAllowed(actor)) return undefined;
          this.metrics.renewalFailed(error);
          throw error;
        })
        .finally(() => this.#underWay.delete(key));
      this.#underWay.set(key, renewal);
    }
    const state = await renewal;
    if (state !== undefined) return state;
    // Others who joined it make one of their own.
    actor.assertStillAllowed?.();
    return this.renew(actor);
  }

  /**
   * Picks the license to renew: the active one, else the highest-ranked invalid one. A queued license is
   * promoted first. If the stored one is unreadable, or the license comes from a file or text, its term must
   * have begun by both clock readings.
   */
  candidateIn({ license, local }: Pick<Snapshot, 'license' | 'local'>): AuthenticatedLicense | undefined {
    const { kind } = license.content;
    const stored: StoredLicense = kind === 'verified' ? { ...license, queued: { kind: 'none' } } : license;
    const { earliest } = this.watch;
    const isDoubtful = ({ source, license: { claims } }: Candidate) =>
      kind !== 'none' && source !== 'database' && (claims.nbf ?? 0) > earliest;
    return this.reader.ranked({ license: stored, local }).find((one) => !isDoubtful(one))?.license;
  }

  /**
   * The same, of what the database holds at this moment.
   * @throws ServiceError `license.not-found`, `license.invalid`, `issuer.unavailable`, `database.unavailable`
   */
  async renewable(): Promise<Renewable> {
    await this.queue.promoteIfDue();
    const [stored, { notBefore }] = await this.database.read(
      async (manager) => [await this.loader.load(manager), await this.renewals.state(manager)] as const,
    );
    const license = this.candidateIn({ license: stored, local: this.snapshots.current?.local ?? [] });
    if (license !== undefined) {
      this.issuer.assertConfigured();
      // A pause holds for every replica and over restarts.
      const now = this.clock.now();
      assertNotPaused(((notBefore?.getTime() ?? 0) - now) / 1000, license.claims, now);
      return { stored, license, askedAt: this.watch.earliest };
    }
    const { content } = stored;
    switch (content.kind) {
      case 'unverifiable': {
        const message = 'The stored license does not verify any more: install it again.';
        throw new ServiceError('license.invalid', message, { cause: new Error(content.reason) });
      }
      case 'keys-unavailable':
        throw new ServiceError('issuer.unavailable', undefined, {
          cause: new Error('the file of keys was never read'),
          retryAfter: 5,
        });
      default:
        throw new ServiceError('license.not-found');
    }
  }

  /** Takes the lease, or waits for its holder. A holder that died is replaced when its lease has expired. */
  async #take(actor: Actor): Promise<LicenseState> {
    for (let leases = 0; leases < MAX_LEASES; leases += 1) {
      const renewable = await this.renewable();
      const lease = await this.renewals.acquire(renewable.stored, renewable.license, actor);
      if (lease === undefined) continue;
      if (lease.own) return this.call.make(actor, renewable, lease);
      const result = await this.#follow(lease);
      if (result.kind === 'succeeded') return this.#present(renewable);
      if (result.kind === 'failed') throw repeated(result.failure);
    }
    throw new ServiceError('issuer.timeout', undefined, {
      cause: new Error('the replica that asked the issuer did not come back'),
    });
  }

  async #follow(lease: Lease): Promise<LeaseOutcome> {
    for (;;) {
      const result = await this.renewals.outcomeOf(lease);
      if (result !== undefined) return result;
      await sleep(FOLLOW_MS);
    }
  }

  /** The license after another replica's success; this replica answers from it too from now on. */
  async #present({ license }: Renewable): Promise<LicenseState> {
    await this.snapshots.refresh();
    const snapshot = this.snapshots.current;
    const first = snapshot === undefined ? undefined : this.candidateIn(snapshot);
    if (snapshot === undefined || first === undefined || !isSameLicense(first.claims, license.claims)) {
      throw new ServiceError('license.changed');
    }
    return this.reader.stateIn(first, snapshot.license);
  }
}

function isAllowed({ assertStillAllowed }: Actor): boolean {
  try {
    assertStillAllowed?.();
    return true;
  } catch {
    return false;
  }
}

/** The failure of a call that another replica made, as its own callers were told. */
function repeated({ code, message, detail, retryAfter }: AttemptFailure): ServiceError {
  return new ServiceError(code, message, {
    cause: new Error('the call of another replica failed'),
    ...(detail === undefined ? {} : { detail }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
}

/** Callers with the same key share a renewal. A license that was removed and installed again has another key. */
function joinKeyOf(generation: number | undefined, license: AuthenticatedLicense | undefined): string {
  return `${generation} ${license?.claims.lid ?? ''}`;
}
