import { Inject, Injectable, Logger } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.js';
import { Database } from '../database/database.js';
import type { Actor } from '../domain/actor.js';
import { type Clock, CLOCK, toSeconds } from '../domain/clock.js';
import { compareTokens, decideRenewal } from '../domain/license.js';
import { type AuthenticatedLicense, readTokenHeader, verifyLicenseToken } from '../domain/license-token.js';
import { ServiceError } from '../domain/service-error.js';
import { badResponse } from '../issuer/issuer-http.js';
import { IssuerKeys } from '../issuer/issuer-keys.js';
import { LicenseIssuer, type RenewalAnswer } from '../issuer/license-issuer.js';
import type { HeldLicense } from '../snapshot/snapshot.js';
import { SnapshotService } from '../snapshot/snapshot.service.js';
import { LicenseMetrics } from './license-metrics.js';
import { LicenseReader, type LicenseState, storedIn } from './license.reader.js';
import { LicenseRevoker } from './license-revoker.js';
import { LicenseStore } from './license.store.js';

/** A license to renew, of whatever source, together with what the database held when it was chosen. */
interface Renewable {
  readonly held: HeldLicense;
  readonly license: AuthenticatedLicense;
}

/** Failures after which the issuer may or may not have done its part: the same attempt goes on next time. */
const UNDECIDED = new Set(['issuer.unavailable', 'issuer.timeout', 'database.unavailable']);

/**
 * Renews the stored license: one renewal of a license at a time, with no transaction open while the issuer thinks. A
 * renewal that fails changes nothing.
 */
@Injectable()
export class LicenseRenewal {
  readonly #logger = new Logger(LicenseRenewal.name);
  readonly #underWay = new Map<string, Promise<LicenseState>>();

  constructor(
    private readonly issuer: LicenseIssuer,
    private readonly keys: IssuerKeys,
    private readonly store: LicenseStore,
    private readonly reader: LicenseReader,
    private readonly revoker: LicenseRevoker,
    private readonly database: Database,
    private readonly snapshots: SnapshotService,
    private readonly audit: AuditLog,
    private readonly metrics: LicenseMetrics,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * @returns the license that is stored afterwards: the new one, or the present one where the issuer has none newer
   * @throws ServiceError `license.not-found`, `license.changed`, `issuer.*`, `database.unavailable`
   */
  async renew(actor: Actor): Promise<LicenseState> {
    // Before anything is waited for: whoever arrives while one is under way shares it, however soon that one ends.
    const snapshot = this.snapshots.current;
    const [first] = snapshot === undefined ? [] : this.reader.ranked(snapshot);
    const key = placeOf(snapshot?.license.generation, first?.license);
    let renewal = this.#underWay.get(key);
    if (renewal === undefined) {
      renewal = this.#load()
        .then((renewable) => this.#attempt(actor, renewable))
        .catch((error: unknown) => {
          this.metrics.renewalFailed(error);
          throw error;
        })
        .finally(() => this.#underWay.delete(key));
      this.#underWay.set(key, renewal);
    }
    return renewal;
  }

  /** The license that counts; where none is valid, the one that would be next to. */
  async #load(): Promise<Renewable> {
    const held = await this.database.read((manager) => this.store.load(manager));
    const [first] = this.reader.ranked({ license: held, local: this.snapshots.current?.local ?? [] });
    if (first !== undefined) return { held, license: first.license };
    const { content } = held;
    switch (content.kind) {
      case 'unverifiable': {
        const message = 'The stored license does not verify any more: install it again.';
        throw new ServiceError('license.invalid', message, { cause: new Error(content.reason) });
      }
      case 'undecided':
        throw new ServiceError('issuer.unavailable', undefined, {
          cause: new Error('the file of keys was never read'),
          retryAfter: 5,
        });
      default:
        throw new ServiceError('license.not-found');
    }
  }

  async #attempt(actor: Actor, renewable: Renewable): Promise<LicenseState> {
    const attemptId = await this.store.beginAttempt(renewable.held, renewable.license);
    try {
      const answer = await this.issuer.renew(renewable.license.token, attemptId);
      return await this.#take(actor, renewable, attemptId, answer);
    } catch (error) {
      const code = error instanceof ServiceError ? error.code : 'internal-error';
      if (!UNDECIDED.has(code)) await this.#finish(attemptId, code);
      throw error;
    }
  }

  async #take(
    actor: Actor,
    renewable: Renewable,
    attemptId: string,
    answer: RenewalAnswer,
  ): Promise<LicenseState> {
    switch (answer.kind) {
      case 'revoked':
        return this.revoker.revoke(actor, renewable.license, answer.statement);
      case 'not-due':
        return this.#unchanged(renewable, attemptId);
      case 'token': {
        const successor = await this.#successor(renewable.license, answer.token);
        if (successor === undefined) return this.#unchanged(renewable, attemptId);
        return this.#store(actor, renewable, attemptId, successor);
      }
    }
  }

  async #unchanged({ held, license }: Renewable, attemptId: string): Promise<LicenseState> {
    await this.#finish(attemptId, 'unchanged');
    this.metrics.renewal('unchanged');
    return this.#stateOf(license, held);
  }

  #stateOf(license: AuthenticatedLicense, { revocations }: HeldLicense): LicenseState {
    return this.reader.stateOf(license, revocations.find(license.claims.iss, license.claims.lid));
  }

  /**
   * The license of an answer, verified like an upload; undefined when it is the stored one.
   * @throws ServiceError `issuer.bad-response`, `issuer.unavailable`
   */
  async #successor(stored: AuthenticatedLicense, token: string): Promise<AuthenticatedLicense | undefined> {
    if (token === stored.token) return undefined;
    const candidate = await this.#verify(token);
    switch (decideRenewal(stored, candidate)) {
      case 'unchanged':
        return undefined;
      case 'unusable':
        throw badResponse(new Error('the token is not a newer one of the same license'));
      case 'replace':
        return candidate;
    }
  }

  async #verify(token: string): Promise<AuthenticatedLicense> {
    try {
      const keys = await this.keys.forKid(readTokenHeader(token).kid);
      return await verifyLicenseToken(token, keys, this.reader.policy, toSeconds(this.clock.now()));
    } catch (error) {
      this.metrics.refused('renewal', error);
      if (!(error instanceof ServiceError) || error.code === 'issuer.unavailable') throw error;
      throw badResponse(new Error(`${error.code}: ${error.message}`));
    }
  }

  /** Promotes the successor, unless the license was removed or replaced since it was read. */
  async #store(
    actor: Actor,
    { held: read, license }: Renewable,
    attemptId: string,
    successor: AuthenticatedLicense,
  ): Promise<LicenseState> {
    // Counted after the transaction, which may run more than once.
    let outcome: 'renewed' | 'unchanged' = 'unchanged';
    const state = await this.snapshots.change(async (manager) => {
      const held = await this.store.load(manager);
      const present = storedIn(held);
      if (held.generation !== read.generation || !isSamePlace(storedIn(read), present, license)) {
        throw new ServiceError('license.changed');
      }
      // Another renewal, or an upload, of the same license was quicker and brought something at least as new.
      const isNews = present !== undefined && present.token !== storedIn(read)?.token;
      if (isNews && isSameOrNewer(present, successor)) {
        await this.store.finishAttempt(manager, attemptId, (outcome = 'unchanged'));
        return { changed: true, value: this.#stateOf(present, held) };
      }
      const revokedAt = held.revocations.find(successor.claims.iss, successor.claims.lid);
      if (revokedAt !== undefined && successor.claims.iat <= revokedAt) {
        throw badResponse(new Error('the token is from before the revocation of its license'));
      }
      // What is stored may be newer than what was renewed only where it does not count, and another source's does.
      const overNewer = !isNews && !this.reader.storedIsValid(held, toSeconds(this.clock.now()));
      await this.store.replace(manager, held, successor, overNewer);
      const { lid, jti, iat, exp, lexp } = successor.claims;
      await this.audit.record(manager, actor, 'license.renew', `license:${lid}`, {
        jti,
        iat,
        exp,
        lexp,
        attemptId,
      });
      await this.store.finishAttempt(manager, attemptId, (outcome = 'renewed'));
      return { changed: true, value: this.#stateOf(successor, held) };
    });
    this.metrics.renewal(outcome);
    return state;
  }

  /** Best effort: an attempt that stays open is only asked for under the same id again. */
  async #finish(attemptId: string, outcome: string): Promise<void> {
    await this.store.finishAttemptNow(attemptId, outcome).catch((error: unknown) => {
      this.#logger.warn({
        msg: 'the outcome of a renewal could not be noted',
        attemptId,
        outcome,
        err: error,
      });
    });
  }
}

/** A license that was removed and installed again meanwhile is another matter than the one under way. */
function placeOf(generation: number | undefined, license: AuthenticatedLicense | undefined): string {
  return `${generation} ${license?.claims.lid ?? ''}`;
}

/** Whether the database holds the same license as when it was read, or by now the renewed one of another source. */
function isSamePlace(
  before: AuthenticatedLicense | undefined,
  after: AuthenticatedLicense | undefined,
  renewed: AuthenticatedLicense,
): boolean {
  const lid = after?.claims.lid;
  return lid === before?.claims.lid || (before === undefined && lid === renewed.claims.lid);
}

function isSameOrNewer(present: AuthenticatedLicense, successor: AuthenticatedLicense): boolean {
  const isSameLicense = present.claims.lid === successor.claims.lid;
  return isSameLicense && compareTokens(present.claims, successor.claims) >= 0;
}
