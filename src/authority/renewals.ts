import { Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Database } from '../database/database.js';
import type { LicenseClaims } from '../domain/license-claims.js';
import { parseRootUrl, RootUrlError } from '../domain/root-url.js';
import { type ClockReading, ConfirmedClock } from './confirmed-clock.js';
import { ClockDoubtError } from './clock-doubt-error.js';
import { IssuedLicenseEntity } from './issued-license.entity.js';
import { LicenseHistoryStore } from './license-history.store.js';
import { LicenseSigner, type SignedLicense } from './license-signer.js';
import { decideToken, MOST_AHEAD, statementIat } from './next-token.js';
import { RenewalRefused } from './renewal-refused.js';
import { RenewalSlots } from './renewal-slots.js';
import { RenewalStore } from './renewal.store.js';

/** One attempt of an instance to renew its license. */
export interface RenewalAttempt {
  /** Of the token that it showed, verified. */
  readonly claims: LicenseClaims;
  readonly instance: string;
  /** Of the service that asks. */
  readonly version: string;
  /** The same for every repetition of the attempt. */
  readonly idempotencyKey: string;
  readonly dryRun: boolean;
}

export type RenewalAnswer = { readonly token: string } | { readonly dryRun: true };

interface Decision {
  readonly answer: RenewalAnswer;
  /** The token of the answer, when it is a new one. */
  readonly signed?: SignedLicense;
}

/** Gives licenses new tokens. All renewals of one license, in every process on the database, come one by one. */
@Injectable()
export class Renewals {
  readonly #logger = new Logger(Renewals.name);

  constructor(
    private readonly database: Database,
    private readonly signer: LicenseSigner,
    private readonly store: RenewalStore,
    private readonly history: LicenseHistoryStore,
    private readonly clock: ConfirmedClock,
    private readonly slots: RenewalSlots,
  ) {}

  /** @throws RenewalRefused; ServiceError `database.unavailable` */
  async renew(attempt: RenewalAttempt): Promise<RenewalAnswer> {
    const { lid } = attempt.claims;
    const { answer, signed } = await this.slots.run(lid, attempt.claims, async () =>
      this.database.transaction((manager) => this.#decide(manager, attempt)),
    );
    if (signed !== undefined) {
      const { jti, iat, exp } = signed;
      this.#logger.log({ msg: 'license renewed', lid, jti, iat, exp });
    }
    return answer;
  }

  async #decide(manager: EntityManager, attempt: RenewalAttempt): Promise<Decision> {
    const { idempotencyKey, claims, dryRun, version } = attempt;
    const { lid } = claims;
    const license = await manager.findOne(IssuedLicenseEntity, {
      where: { lid },
      lock: { mode: 'pessimistic_write' },
    });
    if (license === null) throw new RenewalRefused('license_unknown');
    // After the lock: waiting for it takes time.
    const reading = await this.clock.read(manager);
    const { now, doubt } = reading;
    await this.#assertEntitled(manager, license, attempt, reading);
    if (doubt !== undefined) {
      throw new RenewalRefused('clock_unconfirmed', undefined, new ClockDoubtError(doubt, now));
    }
    const given = await this.store.load(manager, lid, idempotencyKey, now);
    if (given !== undefined && this.signer.isVerifiable(given))
      return { answer: dryRun ? { dryRun } : { token: given } };
    const { lastIat, lexp } = license;
    if (lexp <= now) throw new RenewalRefused('license_expired');
    const newest = this.signer.newest(license);
    const decision = decideToken({ now, lastIat, lexp, shownIat: claims.iat, newest });
    if (decision.kind === 'not-due') {
      this.#warnOfIatAhead(license, claims, now);
      throw new RenewalRefused('not_due');
    }
    if (dryRun) return { answer: { dryRun } };
    // Not noted for the attempt: its repetition gets what is the newest then, and a caller in a loop writes nothing.
    if (decision.kind === 'newest') return { answer: { token: decision.token } };
    const signed = await this.signer.license(manager, license, decision.iat);
    await manager.update(IssuedLicenseEntity, { lid }, { lastIat: signed.iat, lastToken: signed.token });
    await this.store.save(manager, lid, idempotencyKey, signed);
    const by = { instance: license.sub, version };
    await this.history.record(manager, { lid, kind: 'renewed', at: this.clock.moment, signed, by });
    return { answer: { token: signed.token }, signed };
  }

  async #assertEntitled(
    manager: EntityManager,
    license: IssuedLicenseEntity,
    { instance }: RenewalAttempt,
    { now, doubt }: ClockReading,
  ): Promise<void> {
    if (!isAddress(instance, license.sub)) throw new RenewalRefused('instance_mismatch');
    if (license.status === 'suspended') throw new RenewalRefused('license_suspended');
    const { lid, revokedAt, aheadIat } = license;
    if (revokedAt === null) return;
    const iat = doubt === undefined ? statementIat({ revokedAt, aheadIat }, now) : revokedAt;
    throw new RenewalRefused('license_revoked', await this.signer.revocation(manager, lid, iat));
  }

  /** Tokens that a clock signed which was ahead: until that time comes there is none newer. */
  #warnOfIatAhead({ lid, lastIat }: IssuedLicenseEntity, { iat }: LicenseClaims, now: number): void {
    if (lastIat > now + MOST_AHEAD) {
      const msg = `the last token of a license lies ahead of the clock: it gets none until then, unless "repair ${lid}" is run`;
      this.#logger.error({ msg, lid, lastIat, aheadBySeconds: lastIat - now });
    } else if (iat > now + MOST_AHEAD) {
      const msg = `the token that was shown lies ahead of the clock: run "token ${lid}" and upload what it prints to the instance`;
      this.#logger.error({ msg, lid, iat, aheadBySeconds: iat - now });
    }
  }
}

function isAddress(text: string, sub: string): boolean {
  try {
    return parseRootUrl(text).canonical === sub;
  } catch (error) {
    if (error instanceof RootUrlError) return false;
    throw error;
  }
}
