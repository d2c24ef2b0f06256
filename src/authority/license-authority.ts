import { randomUUID } from 'node:crypto';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Database } from '../database/database.js';
import { type Clock, CLOCK, toSeconds } from '../domain/clock.js';
import { authenticateLicenseToken } from '../domain/license-token.js';
import { parseRootUrl, RootUrlError } from '../domain/root-url.js';
import { ServiceError } from '../domain/service-error.js';
import { AuthorityError } from './authority-error.js';
import { IssuedLicenseEntity } from './issued-license.entity.js';
import { LicenseSigner } from './license-signer.js';
import { completeTerms, DAY_SECONDS, type LicenseTerms } from './license-terms.js';
import { RenewalStore } from './renewal.store.js';
import { SigningKeys } from './signing-keys.js';

/** A license and its first token. */
export interface IssuedLicense {
  readonly lid: string;
  readonly token: string;
  readonly license: IssuedLicenseEntity;
}

/** A `lid` of ours is plain: it is typed on command lines, and shown in logs. */
const LID = /^[A-Za-z0-9._:-]{1,128}$/;
/** A token travels in a request header, and all headers of a request together have 16 KiB. */
const MOST_TOKEN_LENGTH = 8 * 1024;

/** Issues licenses and decides about them: what an operator of the issuer does. */
@Injectable()
export class LicenseAuthority {
  readonly #logger = new Logger(LicenseAuthority.name);

  constructor(
    private readonly database: Database,
    private readonly keys: SigningKeys,
    private readonly signer: LicenseSigner,
    private readonly renewals: RenewalStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws AuthorityError when the terms cannot be those of a license, or its `lid` is taken */
  async issue(terms: LicenseTerms): Promise<IssuedLicense> {
    const license = this.#licenseOf(terms);
    const { token, jti, exp } = await this.signer.license(license, license.lastIat);
    // By the same rules as whoever will receive it, so that no token is issued that nobody takes.
    await this.#assertAcceptable(token);
    await this.database.transaction(async (manager) => {
      const inserted = await manager
        .createQueryBuilder()
        .insert()
        .into(IssuedLicenseEntity)
        .values(license)
        .orIgnore()
        .returning('lid')
        .execute();
      if ((inserted.raw as unknown[]).length === 0) {
        throw new AuthorityError(`There is a license "${license.lid}" already: choose another --lid.`);
      }
    });
    this.#logger.log({ msg: 'license issued', lid: license.lid, jti, exp, lexp: license.lexp });
    return { lid: license.lid, token, license };
  }

  async find(lid: string): Promise<IssuedLicenseEntity | undefined> {
    return this.database.read(
      async (manager) => (await manager.findOneBy(IssuedLicenseEntity, { lid })) ?? undefined,
    );
  }

  /** All licenses, the oldest first. */
  async list(): Promise<IssuedLicenseEntity[]> {
    return this.database.read((manager) =>
      manager.find(IssuedLicenseEntity, { order: { createdAt: 'ASC', lid: 'ASC' } }),
    );
  }

  /** No more renewals until {@link resume}; the present token stays good until it ends. @throws AuthorityError */
  async suspend(lid: string): Promise<IssuedLicenseEntity> {
    return this.#change('license suspended', lid, (license) => {
      if (license.status === 'revoked')
        throw new AuthorityError(`The license "${lid}" is revoked, which is more.`);
      license.status = 'suspended';
    });
  }

  /** Takes back a suspension or a revocation: the next renewal gives a token that is newer than either. */
  async resume(lid: string): Promise<IssuedLicenseEntity> {
    return this.#change('license resumed', lid, (license) => {
      license.status = 'active';
      license.revokedAt = null;
    });
  }

  /** Takes the license away: the next renewal is answered with a signed statement. @throws AuthorityError */
  async revoke(lid: string): Promise<IssuedLicenseEntity> {
    return this.#change('license revoked', lid, async (license, manager) => {
      if (license.status === 'revoked') return;
      license.status = 'revoked';
      // Not before the last token, which may lie some seconds ahead, and never again a token that it would cover.
      license.revokedAt = license.lastIat = Math.max(this.#now(), license.lastIat);
      await this.renewals.clear(manager, lid);
    });
  }

  /** Moves the end of the license; one that has passed is moved from now on. @throws AuthorityError */
  async prolong(lid: string, days: number): Promise<IssuedLicenseEntity> {
    return this.#change('license prolonged', lid, async (license) => {
      license.lexp = Math.max(this.#now(), license.lexp) + days * DAY_SECONDS;
      await this.#assertAcceptable((await this.signer.license(license, license.lastIat)).token);
    });
  }

  async #change(
    msg: string,
    lid: string,
    change: (license: IssuedLicenseEntity, manager: EntityManager) => void | Promise<void>,
  ): Promise<IssuedLicenseEntity> {
    const changed = await this.database.transaction(async (manager) => {
      const license = await manager.findOne(IssuedLicenseEntity, {
        where: { lid },
        lock: { mode: 'pessimistic_write' },
      });
      if (license === null) throw new AuthorityError(`There is no license "${lid}".`);
      await change(license, manager);
      return manager.save(license);
    });
    this.#logger.log({ msg, lid });
    return changed;
  }

  #licenseOf(terms: LicenseTerms): IssuedLicenseEntity {
    const complete = completeTerms(terms);
    const lid = complete.lid ?? randomUUID();
    if (!LID.test(lid)) {
      throw new AuthorityError(
        'The id of a license must have 1 to 128 of the characters A-Z a-z 0-9 . _ : and -.',
      );
    }
    const milliseconds = this.clock.now();
    const now = toSeconds(milliseconds);
    const nbf = complete.starts ?? now;
    const lexp = nbf + complete.licenseSeconds;
    if (lexp <= now) throw new AuthorityError('A license with this beginning would have ended by now.');
    return {
      lid,
      status: 'active',
      sub: canonicalSubject(complete.sub),
      prod: [...complete.products],
      company: complete.company,
      includedUsers: complete.includedUsers,
      nbf,
      lexp,
      tokenSeconds: complete.tokenSeconds,
      licExpWarnDays: complete.licenseWarnDays,
      tokExpWarnDays: complete.tokenWarnDays,
      updateDays: complete.updateDays,
      lastIat: now,
      revokedAt: null,
      createdAt: new Date(milliseconds),
    };
  }

  async #assertAcceptable(token: string): Promise<void> {
    if (token.length > MOST_TOKEN_LENGTH) {
      throw new AuthorityError(
        `The terms are too long: their token would have more than ${MOST_TOKEN_LENGTH} bytes.`,
      );
    }
    try {
      await authenticateLicenseToken(token, this.keys.keySet);
    } catch (error) {
      if (!(error instanceof ServiceError) || error.code !== 'license.invalid') throw error;
      throw new AuthorityError(`No license can have these terms. ${error.message}`, { cause: error });
    }
  }

  #now(): number {
    return toSeconds(this.clock.now());
  }
}

function canonicalSubject(sub: string): string {
  try {
    return parseRootUrl(sub).canonical;
  } catch (error) {
    if (error instanceof RootUrlError) throw new AuthorityError(error.message, { cause: error });
    throw error;
  }
}
