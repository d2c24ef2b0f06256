import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { Periodic } from '../../clock/periodic.js';
import { SERVICE_CONFIG, type ServiceConfig } from '../../config/service-config.js';
import { Database } from '../../database/database.js';
import { SYSTEM } from '../../domain/actor.js';
import { type Clock, CLOCK, toSeconds } from '../../domain/clock.js';
import type { AuthenticatedLicense } from '../../domain/license/license-token.js';
import { firstAttemptAt, isOverdue } from '../../domain/license/renewal-policy.js';
import { ServiceError } from '../../domain/service-error.js';
import { SnapshotService } from '../../snapshot/snapshot.service.js';
import { LicenseRenewal } from './license-renewal.js';
import { RenewalStore } from './renewal.store.js';

/** How often it is looked whether a renewal is due, milliseconds. */
const LOOK_MS = 1_000;
const DAY = 86_400;

/**
 * Renews the license when it is due, and again until it succeeds. The plan is a row of the database: replicas
 * and restarts neither forget nor repeat it. It enters where the endpoint does, so it cannot behave
 * differently.
 */
@Injectable()
export class RenewalScheduler implements BeforeApplicationShutdown {
  readonly #logger = new Logger(RenewalScheduler.name);
  readonly #on: boolean;
  readonly #looks: Periodic;

  constructor(
    @Inject(SERVICE_CONFIG) { issuer, database: { pollMs } }: ServiceConfig,
    private readonly renewal: LicenseRenewal,
    private readonly store: RenewalStore,
    private readonly database: Database,
    private readonly snapshots: SnapshotService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.#on = issuer.autoRefresh;
    this.#looks = new Periodic(Math.max(LOOK_MS, pollMs), () => this.#look());
  }

  start(): void {
    if (this.#on) this.#looks.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#looks.stop();
  }

  /** Never rejects: what a renewal failed with is written down where it failed. */
  async #look(): Promise<void> {
    try {
      const snapshot = this.snapshots.current;
      const license = snapshot === undefined ? undefined : this.renewal.candidateIn(snapshot);
      if (license === undefined || !(await this.#isDue(license))) return;
      const { claims } = await this.renewal.renew(SYSTEM);
      const { lid, jti } = license.claims;
      if (claims?.jti !== jti) this.#logger.log({ msg: 'license renewed', lid });
      else if (isOverdue(license.claims, toSeconds(this.clock.now())))
        this.#logger.warn({ msg: 'the issuer has no newer token, although the renewal is due', lid, jti });
      else this.#logger.log({ msg: 'the issuer has no newer token yet', lid, jti });
    } catch (error) {
      const code = error instanceof ServiceError ? error.code : 'internal-error';
      if (code === 'database.unavailable') return;
      this.#logger.warn({ msg: 'the license could not be renewed: it stays as it is', code, err: error });
    }
  }

  /** Whether the attempt that is planned for this token is due; the first one to see a new token plans it. */
  async #isDue({ claims }: AuthenticatedLicense): Promise<boolean> {
    const now = this.clock.now() / 1000;
    const { lid, jti, nextAttemptAt, failures } = await this.store.state();
    const planned = (nextAttemptAt?.getTime() ?? NaN) / 1000;
    const isMine = lid === claims.lid && jti === claims.jti && !Number.isNaN(planned);
    // No plan lies further ahead than these: such a one was made by a clock that was ahead.
    const longest = Math.max(1, failures > 0 ? 1 : (claims.update_days ?? 1)) * DAY;
    const isPossible = planned <= Math.max(failures > 0 ? 0 : claims.exp, now + longest);
    if (isMine && isPossible) return planned <= now;
    const next = firstAttemptAt(claims, now, Math.random());
    await this.database.transaction((manager) =>
      this.store.plan(manager, { lid: claims.lid, jti: claims.jti }, { lid, jti }, new Date(next * 1000)),
    );
    return false;
  }
}
