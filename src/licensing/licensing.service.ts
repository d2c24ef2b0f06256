import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AuditLog } from '../audit/audit-log.js';
import type { Actor } from '../domain/actor.js';
import { type Clock, CLOCK, toSeconds } from '../domain/clock.js';
import { decideInstall, judge, LicenseStatus } from '../domain/license.js';
import { type AuthenticatedLicense, readTokenHeader, verifyLicenseToken } from '../domain/license-token.js';
import { parseRootUrl, type RootUrl, RootUrlError, sameRootUrl } from '../domain/root-url.js';
import { ServiceError } from '../domain/service-error.js';
import { IssuerKeys } from '../issuer/issuer-keys.js';
import { type Change, SnapshotService } from '../snapshot/snapshot.service.js';
import { LicenseMetrics } from './license-metrics.js';
import { LicenseReader, type LicenseState, storedIn } from './license.reader.js';
import { LicenseRenewal } from './license-renewal.js';
import { LicenseStore } from './license.store.js';

/** The use cases of the licensing API. */
@Injectable()
export class LicensingService {
  constructor(
    private readonly reader: LicenseReader,
    private readonly store: LicenseStore,
    private readonly renewal: LicenseRenewal,
    private readonly keys: IssuerKeys,
    private readonly snapshots: SnapshotService,
    private readonly audit: AuditLog,
    private readonly metrics: LicenseMetrics,
    @Inject(CLOCK) private readonly clock: Clock,
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
  async install(actor: Actor, token: string): Promise<LicenseState> {
    try {
      const keys = await this.keys.forKid(readTokenHeader(token).kid);
      const license = await verifyLicenseToken(token, keys, this.reader.policy, this.#now());
      return await this.snapshots.change((manager) => this.#put(manager, actor, license));
    } catch (error) {
      this.metrics.refused('upload', error);
      throw error;
    }
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
    if (!isInstance(instance, this.reader.policy.rootUrl)) throw new ServiceError('instance.mismatch');
    await this.snapshots.change(async (manager) => {
      const held = await this.store.load(manager);
      // A renewal of what a file or text holds may be under way, and must not store anything afterwards.
      const isNothing = held.content.kind === 'none' && this.snapshots.current?.local.length === 0;
      if (isNothing) return { changed: false, value: undefined };
      await this.store.clear(manager, held);
      const lid = storedIn(held)?.claims.lid;
      const target = lid === undefined ? 'license' : `license:${lid}`;
      await this.audit.record(manager, actor, 'license.remove', target);
      return { changed: true, value: undefined };
    });
  }

  /** Decides against what is stored at this moment: no other change can come in between. */
  async #put(
    manager: EntityManager,
    actor: Actor,
    license: AuthenticatedLicense,
  ): Promise<Change<LicenseState>> {
    const now = this.#now();
    const { claims } = license;
    const { lid, jti, iat, exp, lexp } = claims;
    const revokedAt = await this.store.revokedAt(manager, claims.iss, claims.lid);
    const verdict = judge(claims, this.reader.policy, now, revokedAt);
    if (verdict.status !== LicenseStatus.Valid) throw new ServiceError(verdict.code, verdict.message);

    const held = await this.store.load(manager);
    const stored = storedIn(held);
    const storedIsValid = this.reader.storedIsValid(held, now);
    switch (decideInstall(stored, license, storedIsValid)) {
      case 'unchanged':
        return { changed: false, value: this.reader.stateOf(license, revokedAt, now) };
      case 'stale':
        throw new ServiceError('license.stale');
      case 'replace':
        await this.store.replace(manager, held, license, !storedIsValid);
        await this.audit.record(manager, actor, 'license.install', `license:${lid}`, { jti, iat, exp, lexp });
        return { changed: true, value: this.reader.stateOf(license, revokedAt, now) };
    }
  }

  #now(): number {
    return toSeconds(this.clock.now());
  }
}

/** A text that is no root URL at all is not this instance's either. */
function isInstance(text: string, rootUrl: RootUrl): boolean {
  try {
    return sameRootUrl(parseRootUrl(text), rootUrl);
  } catch (error) {
    if (error instanceof RootUrlError) return false;
    throw error;
  }
}
