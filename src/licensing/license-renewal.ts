import { Inject, Injectable, Logger } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.js';
import { Database } from '../database/database.js';
import type { Actor } from '../domain/actor.js';
import { type Clock, CLOCK, toSeconds } from '../domain/clock.js';
import { compareTokens, decideRenewal } from '../domain/license.js';
import {
  type AuthenticatedLicense,
  readRevocationHeader,
  readTokenHeader,
  verifyLicenseToken,
  verifyRevocationStatement,
} from '../domain/license-token.js';
import { ServiceError } from '../domain/service-error.js';
import { badResponse } from '../issuer/issuer-http.js';
import { IssuerKeys } from '../issuer/issuer-keys.js';
import { LicenseIssuer, type RenewalAnswer } from '../issuer/license-issuer.js';
import type { HeldLicense } from '../snapshot/snapshot.js';
import { SnapshotService } from '../snapshot/snapshot.service.js';
import { LicenseReader, type LicenseState, withLicense } from './license.reader.js';
import { LicenseStore } from './license.store.js';

/** A license together with the place that it was read from. */
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
    private readonly database: Database,
    private readonly snapshots: SnapshotService,
    private readonly audit: AuditLog,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * @returns the license that is stored afterwards: the new one, or the present one where the issuer has none newer
   * @throws ServiceError `license.not-found`, `license.changed`, `issuer.*`, `database.unavailable`
   */
  async renew(actor: Actor): Promise<LicenseState> {
    // Before anything is waited for: whoever arrives while one is under way shares it, however soon that one ends.
    const key = placeOf(this.snapshots.current?.license);
    let renewal = this.#underWay.get(key);
    if (renewal === undefined) {
      renewal = this.#load()
        .then((renewable) => this.#attempt(actor, renewable))
        .finally(() => this.#underWay.delete(key));
      this.#underWay.set(key, renewal);
    }
    return renewal;
  }

  async #load(): Promise<Renewable> {
    const held = await this.database.read((manager) => this.store.load(manager));
    switch (held.content.kind) {
      case 'none':
        throw new ServiceError('license.not-found');
      case 'unverifiable':
        throw new ServiceError(
          'license.invalid',
          'The stored license does not verify any more: install it again.',
          {
            cause: new Error(held.content.reason),
          },
        );
      case 'verified':
        return { held, license: held.content.license };
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
        return this.#revoke(actor, renewable, answer.statement);
      case 'not-due':
        return this.#unchanged(renewable, attemptId);
      case 'token': {
        const successor = await this.#successor(renewable.license, answer.token);
        if (successor === undefined) return this.#unchanged(renewable, attemptId);
        return this.#store(actor, renewable, attemptId, successor);
      }
    }
  }

  async #unchanged({ held }: Renewable, attemptId: string): Promise<LicenseState> {
    await this.#finish(attemptId, 'unchanged');
    return this.reader.stateOf(held);
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
    return this.snapshots.change(async (manager) => {
      const held = await this.store.load(manager);
      const present = held.content.kind === 'verified' ? held.content.license : undefined;
      const same = held.generation === read.generation && present?.claims.lid === license.claims.lid;
      if (present === undefined || !same) throw new ServiceError('license.changed');
      // Another renewal, or an upload, of the same license was quicker and brought something at least as new.
      if (present.token !== license.token && compareTokens(present.claims, successor.claims) >= 0) {
        await this.store.finishAttempt(manager, attemptId, 'unchanged');
        return { changed: true, value: this.reader.stateOf(held) };
      }
      const revokedAt = await this.store.revokedAt(manager, successor.claims.iss, successor.claims.lid);
      if (revokedAt !== undefined && successor.claims.iat <= revokedAt) {
        throw badResponse(new Error('the token is from before the revocation of its license'));
      }
      await this.store.replace(manager, held, successor, false);
      const { lid, jti, iat, exp, lexp } = successor.claims;
      await this.audit.record(manager, actor, 'license.renew', `license:${lid}`, {
        jti,
        iat,
        exp,
        lexp,
        attemptId,
      });
      await this.store.finishAttempt(manager, attemptId, 'renewed');
      return { changed: true, value: this.reader.stateOf(withLicense(held, successor)) };
    });
  }

  /** A revocation counts only with the issuer's signature under it: a broken proxy can answer 410 too. */
  async #revoke(actor: Actor, { license }: Renewable, statement: string): Promise<never> {
    const { lid } = license.claims;
    const keys = await this.keys.forKid(readRevocationHeader(statement).kid);
    const now = toSeconds(this.clock.now());
    const revocation = await verifyRevocationStatement(statement, keys, this.reader.policy, now);
    if (revocation.lid !== lid) throw badResponse(new Error('the statement revokes another license'));
    await this.snapshots.change(async (manager) => {
      const held = await this.store.load(manager);
      const changed = await this.store.revoke(manager, held, revocation, statement);
      if (changed)
        await this.audit.record(manager, actor, 'license.revoke', `license:${lid}`, { iat: revocation.iat });
      return { changed, value: undefined };
    });
    // A statement from before the token was issued takes nothing away: that token lifted it.
    const effective = license.claims.iat <= revocation.iat;
    throw new ServiceError(
      'issuer.refused',
      effective ? 'The license issuer refused the renewal: the license is revoked.' : undefined,
      {
        cause: new Error('a verified revocation statement'),
      },
    );
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
function placeOf(held: HeldLicense | undefined): string {
  const lid = held?.content.kind === 'verified' ? held.content.license.claims.lid : '';
  return `${held?.generation} ${lid}`;
}
