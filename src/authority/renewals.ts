import { Inject, Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Database } from '../database/database.js';
import { type Clock, CLOCK, toSeconds } from '../domain/clock.js';
import type { LicenseClaims } from '../domain/license-claims.js';
import { parseRootUrl, RootUrlError } from '../domain/root-url.js';
import { IssuedLicenseEntity } from './issued-license.entity.js';
import { LicenseSigner, type SignedLicense } from './license-signer.js';
import { RenewalRefused } from './renewal-refused.js';
import { RenewalStore } from './renewal.store.js';

/** One attempt of an instance to renew its license. */
export interface RenewalAttempt {
  /** Of the token that it showed, verified. */
  readonly claims: LicenseClaims;
  readonly instance: string;
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

/** A token's `iat` may lie so far ahead, seconds: whoever receives it tolerates 10, and its clock may be late. */
const MOST_AHEAD = 5;

/** Gives licenses new tokens. All renewals of one license, in every process on the database, come one by one. */
@Injectable()
export class Renewals {
  readonly #logger = new Logger(Renewals.name);

  constructor(
    private readonly database: Database,
    private readonly signer: LicenseSigner,
    private readonly store: RenewalStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws RenewalRefused; ServiceError `database.unavailable` */
  async renew(attempt: RenewalAttempt): Promise<RenewalAnswer> {
    const { answer, signed } = await this.database.transaction((manager) => this.#decide(manager, attempt));
    if (signed !== undefined) {
      const { jti, iat, exp } = signed;
      this.#logger.log({ msg: 'license renewed', lid: attempt.claims.lid, jti, iat, exp });
    }
    return answer;
  }

  async #decide(manager: EntityManager, attempt: RenewalAttempt): Promise<Decision> {
    const { idempotencyKey, claims, dryRun } = attempt;
    const { lid } = claims;
    const license = await manager.findOne(IssuedLicenseEntity, {
      where: { lid },
      lock: { mode: 'pessimistic_write' },
    });
    if (license === null) throw new RenewalRefused('license_unknown');
    await this.#assertEntitled(license, attempt);
    // After the lock: waiting for it takes time.
    const now = toSeconds(this.clock.now());
    const given = await this.store.load(manager, lid, idempotencyKey, now);
    if (given !== undefined) return { answer: dryRun ? { dryRun } : { token: given } };
    const iat = nextIat(license, claims, now);
    if (dryRun) return { answer: { dryRun } };
    const signed = await this.signer.license(license, iat);
    await manager.update(IssuedLicenseEntity, { lid }, { lastIat: iat });
    await this.store.save(manager, lid, idempotencyKey, signed);
    return { answer: { token: signed.token }, signed };
  }

  async #assertEntitled(license: IssuedLicenseEntity, { instance }: RenewalAttempt): Promise<void> {
    if (!isAddress(instance, license.sub)) throw new RenewalRefused('instance_mismatch');
    if (license.status === 'suspended') throw new RenewalRefused('license_suspended');
    if (license.revokedAt !== null) {
      throw new RenewalRefused(
        'license_revoked',
        await this.signer.revocation(license.lid, license.revokedAt),
      );
    }
  }
}

/**
 * Greater than that of every token before, the shown one included: after a database was restored from a backup, its
 * holder has a newer one than the database knows of.
 */
function nextIat({ lastIat, lexp }: IssuedLicenseEntity, claims: LicenseClaims, now: number): number {
  const iat = Math.max(now, lastIat + 1, claims.iat + 1);
  if (lexp <= now) throw new RenewalRefused('license_expired');
  if (iat > now + MOST_AHEAD || iat >= lexp) throw new RenewalRefused('not_due');
  return iat;
}

function isAddress(text: string, sub: string): boolean {
  try {
    return parseRootUrl(text).canonical === sub;
  } catch (error) {
    if (error instanceof RootUrlError) return false;
    throw error;
  }
}
