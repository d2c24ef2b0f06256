import { Inject, Injectable, Logger } from '@nestjs/common';
import { isDeepStrictEqual } from 'node:util';
import type { EntityManager } from 'typeorm';
import { ISSUER_SERVER_CONFIG, type IssuerServerConfig } from '../../config/issuer-server-config.js';
import { DAY } from '../../domain/clock.js';
import { assertAcceptable, assertReadable, readProducts } from './acceptable-license.js';
import { invalidTerms, IssuerServerError, noLicense, stillRevoked } from '../issuer-server-error.js';
import { ConfirmedClock } from '../record/confirmed-clock.js';
import { repairIat, revocationIat } from './iat-repair.js';
import type { IssuedLicenseEntity } from './issued-license.entity.js';
import { IssuedLicenseStore } from './issued-license.store.js';
import { changedTerms } from './changed-terms.js';
import { type LicenseChange, withChange } from './license-change.js';
import type { LicenseEventKind } from './license-event.entity.js';
import { LicenseHistoryStore } from './license-history.store.js';
import { LicenseSigner, type SignedLicense } from './license-signer.js';
import type { LicenseTerms } from './license-terms.js';
import { newLicense } from './new-license.js';
import { decideToken, isUsable, MAX_AHEAD } from './next-token.js';
import { IssuedRenewalStore } from '../renewals/issued-renewal.store.js';
import { SigningKeys } from '../keys/signing-keys.js';
import { OwnDatabase } from '../record/own-database.js';

/** A license and its first token. */
export interface IssuedLicense {
  readonly lid: string;
  readonly token: string;
  readonly license: IssuedLicenseEntity;
}

/** How the end of a license is moved. */
export type Prolongation =
  | { readonly days: number }
  /** Unix seconds. */
  | { readonly until: number };

type ChangeKind = Exclude<LicenseEventKind, 'recorded' | 'issued' | 'renewed'>;

/**
 * Issues licenses and decides about them: what an operator of the issuer does. The history names the `actor`, else the
 * account that runs this process.
 */
@Injectable()
export class LicenseAdministration {
  readonly #logger = new Logger(LicenseAdministration.name);

  constructor(
    private readonly database: OwnDatabase,
    private readonly keys: SigningKeys,
    private readonly signer: LicenseSigner,
    private readonly licenses: IssuedLicenseStore,
    private readonly renewals: IssuedRenewalStore,
    private readonly history: LicenseHistoryStore,
    private readonly clock: ConfirmedClock,
    @Inject(ISSUER_SERVER_CONFIG) private readonly config: IssuerServerConfig,
  ) {}

  /**
   * Repeating it with the same `lid` and terms, as after a lost answer, issues nothing and gives the newest token.
   * @throws IssuerServerError when the terms cannot be those of a license, or its `lid` is taken; ClockDoubtError
   */
  async issue(terms: LicenseTerms, actor?: string): Promise<IssuedLicense> {
    const issued = await this.database.transaction(async (manager) => {
      const license = newLicense(terms, await this.clock.now(manager), this.clock.moment);
      license.prod = readProducts(license.prod);
      if (license.company !== null) assertReadable(license.company);
      const signed = await this.signer.license(manager, license, license.lastIat);
      await this.#assertAcceptable(license, signed.token, license.lastIat);
      license.lastToken = signed.token;
      if (!(await this.licenses.insert(manager, license))) {
        const present = await this.licenses.load(manager, license.lid);
        if (present?.issueDigest === license.issueDigest) return undefined;
        throw new IssuerServerError(`There is a license "${license.lid}" already: choose another --lid.`, {
          field: 'lid',
        });
      }
      const { lid } = license;
      await this.history.record(manager, { lid, kind: 'issued', at: this.clock.moment, signed, actor });
      return { license, signed };
    });
    if (issued === undefined) return this.token(terms.lid as string, actor);
    const { license, signed } = issued;
    const { lid, lexp } = license;
    const { token, jti, exp } = signed;
    this.#logger.log({ msg: 'license issued', lid, jti, exp, lexp });
    return { lid, token, license };
  }

  async find(lid: string): Promise<IssuedLicenseEntity | undefined> {
    return this.database.read((manager) => this.licenses.load(manager, lid));
  }

  /** No more renewals until {@link resume}; the present token stays good until it ends. @throws IssuerServerError */
  async suspend(lid: string, actor?: string): Promise<IssuedLicenseEntity> {
    return this.#change('suspended', lid, actor, (license) => {
      if (license.status === 'revoked')
        throw new IssuerServerError(`The license "${lid}" is revoked, which is more.`);
      license.status = 'suspended';
    });
  }

  /** Undoes a suspension or a revocation, by a newer token. @throws IssuerServerError, ClockDoubtError */
  async resume(lid: string, actor?: string): Promise<IssuedLicenseEntity> {
    return this.#change('resumed', lid, actor, async (license, manager) => {
      // Not older than any statement that was given out.
      if (license.revokedAt !== null) license.lastIat = revocationIat(license, await this.clock.now(manager));
      if (license.status === 'revoked') license.lastToken = null;
      license.status = 'active';
      license.revokedAt = null;
    });
  }

  /** Takes the license away by a signed statement. @throws IssuerServerError, ClockDoubtError */
  async revoke(lid: string, actor?: string): Promise<IssuedLicenseEntity> {
    return this.#change('revoked', lid, actor, async (license, manager) => {
      const now = await this.clock.now(manager);
      repairIat(license, now);
      if (license.status === 'revoked') return;
      license.status = 'revoked';
      // Not before the last token, which may lie some seconds ahead, and never again a token that it would cover.
      license.revokedAt = license.lastIat = Math.max(now, license.lastIat);
      license.lastToken = null;
      await this.renewals.clear(manager, lid);
    });
  }

  /**
   * Moves the end of the license: by some days, from now on where it has passed, or to a moment, Unix
   * seconds, which can be repeated without harm.
   * @throws IssuerServerError, ClockDoubtError
   */
  async prolong(lid: string, by: Prolongation, actor?: string): Promise<IssuedLicenseEntity> {
    return this.#change('prolonged', lid, actor, async (license, manager) => {
      if (license.status === 'revoked') throw stillRevoked(lid, 'prolong');
      const now = await this.clock.now(manager);
      const end = 'until' in by ? by.until : Math.max(now, license.lexp) + by.days * DAY;
      if (end < license.lexp)
        throw new IssuerServerError('The license ends later than that already: nothing was changed.');
      if (end <= now) throw invalidTerms('lexp', 'The license would have ended by now: choose a later end.');
      license.lexp = end;
      const { token } = await this.signer.license(manager, license, now);
      await this.#assertAcceptable(license, token, now);
    });
  }

  /**
   * Gives a license other terms: its next token says them.
   * @returns the license, and whether any term is another one now. @throws IssuerServerError, ClockDoubtError
   */
  async change(
    lid: string,
    change: LicenseChange,
    actor?: string,
  ): Promise<{ readonly license: IssuedLicenseEntity; readonly isChanged: boolean }> {
    let isChanged = false;
    const license = await this.#change('changed', lid, actor, async (license, manager) => {
      const now = await this.clock.now(manager);
      const products = change.products && readProducts(change.products, license.prod);
      const wanted = withChange(license, { ...change, products }, now);
      isChanged = changedTerms(license, wanted) !== null;
      if (!isChanged) return;
      if (wanted.company !== null && wanted.company !== license.company) assertReadable(wanted.company);
      Object.assign(license, wanted);
      const { token } = await this.signer.license(manager, license, now);
      await this.#assertAcceptable(license, token, now);
    });
    return { license, isChanged };
  }

  /**
   * The newest token of the license, if a service accepts it and its terms are current; else a new one.
   * @throws IssuerServerError where there is none to give; ClockDoubtError
   */
  async token(lid: string, actor?: string): Promise<IssuedLicense> {
    let token = '';
    const license = await this.#change('token', lid, actor, async (license, manager) => {
      if (license.status !== 'active')
        throw new IssuerServerError(
          `The license "${lid}" is ${license.status}: "resume" gives it tokens again.`,
        );
      const now = await this.clock.now(manager);
      const { lastIat, lexp } = license;
      if (lexp <= now)
        throw new IssuerServerError(`The license "${lid}" has ended: "prolong" moves its end.`);
      const newest = this.signer.newest(license);
      if (newest?.isCurrent === true && isUsable(newest, now)) {
        token = newest.token;
        return undefined;
      }
      const decision = decideToken({ now, lastIat, lexp, shownIat: 0, newest });
      if (decision.kind !== 'new')
        throw new IssuerServerError(
          `The last token of the license "${lid}" lies ahead of the clock: run "repair ${lid}".`,
        );
      const signed = await this.signer.license(manager, license, decision.iat);
      license.lastIat = signed.iat;
      license.lastToken = token = signed.token;
      return signed;
    });
    return { lid, token, license };
  }

  /**
   * Lets a license get tokens again whose last one was signed by a clock that was ahead.
   * @returns the license, and whether there was something to repair. @throws IssuerServerError, ClockDoubtError
   */
  async repair(
    lid: string,
    actor?: string,
  ): Promise<{ readonly license: IssuedLicenseEntity; readonly isRepaired: boolean }> {
    let isRepaired = false;
    const license = await this.#change('repaired', lid, actor, async (license, manager) => {
      const now = await this.clock.now(manager);
      isRepaired = repairIat(license, now);
      await this.renewals.clearAfter(manager, lid, now + MAX_AHEAD);
    });
    return { license, isRepaired };
  }

  /** @param change - gives back the token that it signed, if it did; it is recorded with the change */
  async #change(
    kind: ChangeKind,
    lid: string,
    actor: string | undefined,
    change: (
      license: IssuedLicenseEntity,
      manager: EntityManager,
    ) => Promise<SignedLicense | void> | SignedLicense | void,
  ): Promise<IssuedLicenseEntity> {
    const changed = await this.database.transaction(async (manager) => {
      const license = await this.licenses.loadLocked(manager, lid);
      if (license === undefined) throw noLicense(lid);
      const before = { ...license };
      const signed = (await change(license, manager)) ?? undefined;
      if (kind === 'token' || !isDeepStrictEqual({ ...license }, before)) {
        const detail = changedTerms(before, license);
        await this.history.record(manager, { lid, kind, at: this.clock.moment, signed, detail, actor });
      }
      return this.licenses.save(manager, license);
    });
    this.#logger.log({ msg: kind === 'token' ? 'token given to the operator' : `license ${kind}`, lid });
    return changed;
  }

  /** By the rules of the receiving service, so that every issued token can be installed. */
  async #assertAcceptable(license: IssuedLicenseEntity, token: string, now: number): Promise<void> {
    const { keySet } = this.keys;
    await assertAcceptable(token, license, { keySet, issuerId: this.config.issuerId, now });
  }
}
