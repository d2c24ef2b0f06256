import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager, QueryDeepPartialEntity } from 'typeorm';
import { type Clock, CLOCK } from '../../domain/clock.js';
import type { AuthenticatedLicense, RevocationStatement } from '../../domain/license/license-token.js';
import { ServiceError } from '../../domain/service-error.js';
import type { StoredLicense, Revocations } from '../../snapshot/snapshot.js';
import { LicenseCipher, placeOfStatement } from './license-cipher.js';
import { LicenseRevocationEntity } from './license-revocation.entity.js';
import { LicenseEntity } from './license.entity.js';

const ROW = 1;

const AS_IT_WAS_READ = 'id = :row AND generation = :generation AND revision = :revision AND stamp = :stamp';

/** What is written when nothing is held. */
const NOTHING = {
  token: null,
  iss: null,
  lid: null,
  jti: null,
  sub: null,
  iat: null,
  exp: null,
  lexp: null,
  signingKey: null,
  installedAt: null,
  previousToken: null,
  previousSigningKey: null,
  queuedToken: null,
  queuedSigningKey: null,
};

/** How {@link LicenseStore.replace} may write. */
export interface Replacement {
  /** The stored token is not valid any more, or a caller rolls back: an older one may replace it. */
  readonly overNewer: boolean;
  /** The license of the next term goes: it is the one that is put in place. */
  readonly emptyQueue?: boolean;
}

/**
 * The license in the database. Every write is one conditional statement: it names the generation, the revision and
 * the stamp that its transaction read, and replaces a token of the same license with an older one only if
 * `overNewer` allows it. `decideSuccession` compares with what a renewal read before its call.
 */
@Injectable()
export class LicenseStore {
  constructor(
    private readonly cipher: LicenseCipher,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The one row. @param manager - of the transaction to read in */
  async load(manager: EntityManager): Promise<LicenseEntity> {
    return manager.findOneByOrFail(LicenseEntity, { id: ROW });
  }

  /** There are as many as licenses were ever revoked: few. @param manager - of the transaction to read in */
  async revocations(manager: EntityManager): Promise<Revocations> {
    const rows = await manager.find(LicenseRevocationEntity, { select: { iss: true, lid: true, iat: true } });
    const byLicense = new Map(rows.map(({ iss, lid, iat }) => [`${iss}\0${lid}`, iat]));
    return { find: (iss, lid) => byLicense.get(`${iss}\0${lid}`) };
  }

  /**
   * Puts a license in the place of what was read; the replaced token is kept as the previous one.
   * @throws ServiceError `license.changed` when what was read is not there any more
   */
  async replace(
    manager: EntityManager,
    read: StoredLicense,
    { token, claims, key }: AuthenticatedLicense,
    { overNewer, emptyQueue = false }: Replacement,
  ): Promise<void> {
    const { iss, lid, jti, sub, iat, exp, lexp } = claims;
    // Read in this transaction: the condition below fails if it is not that of the row any more.
    const { token: replaced } = await this.load(manager);
    const { affected } = await manager
      .createQueryBuilder()
      .update(LicenseEntity)
      .set({
        ...{ iss, lid, jti, sub, iat, exp, lexp, signingKey: key.jwk },
        token: this.cipher.seal(token, 'license.token'),
        installedAt: new Date(this.clock.now()),
        previousToken: replaced && this.cipher.asPrevious(replaced),
        previousSigningKey: () => 'signing_key',
        ...(emptyQueue ? { queuedToken: null, queuedSigningKey: null } : {}),
        revision: () => 'revision + 1',
        stamp: randomUUID(),
      })
      .where(AS_IT_WAS_READ, { row: ROW, ...versionOf(read) })
      .andWhere(
        '(:overNewer OR lid IS NULL OR lid <> :lid OR iss <> :iss OR iat < :iat OR (iat = :iat AND exp <= :exp))',
        { overNewer, lid, iss, iat, exp },
      )
      .execute();
    if (affected !== 1) throw new ServiceError('license.changed');
  }

  /** Keeps a license of the next term, in the place of another that waits. @throws ServiceError `license.changed` */
  async queue(
    manager: EntityManager,
    read: StoredLicense,
    { token, key }: AuthenticatedLicense,
  ): Promise<void> {
    await this.#update(manager, read, {
      queuedToken: this.cipher.seal(token, 'license.queued_token'),
      queuedSigningKey: key.jwk,
    });
  }

  /** Removes the license, the previous token and the one of the next term. @throws ServiceError `license.changed` */
  async clear(manager: EntityManager, read: StoredLicense): Promise<void> {
    await this.#updateWithGeneration(manager, read, NOTHING);
  }

  /**
   * Keeps a verified statement of the issuer; an older one than the known changes nothing.
   * @returns whether it was news
   * @throws ServiceError `license.changed`
   */
  async revoke(
    manager: EntityManager,
    read: StoredLicense,
    { iss, lid, iat }: RevocationStatement,
    statement: string,
  ): Promise<boolean> {
    const sealed = this.cipher.seal(statement, placeOfStatement({ iss, lid }));
    const known = await manager.findOneBy(LicenseRevocationEntity, { iss, lid });
    if (known !== null && known.iat >= iat) return false;
    await manager.upsert(
      LicenseRevocationEntity,
      { iss, lid, iat, statement: sealed, receivedAt: new Date(this.clock.now()) },
      ['iss', 'lid'],
    );
    await this.#updateWithGeneration(manager, read, {});
    return true;
  }

  /** DELETE and revocation alone come this way: nothing that read an earlier generation can write any more. */
  async #updateWithGeneration(manager: EntityManager, read: StoredLicense, fields: Partial<LicenseEntity>) {
    await this.#update(manager, read, { ...fields, generation: () => 'generation + 1' });
  }

  async #update(
    manager: EntityManager,
    read: StoredLicense,
    fields: QueryDeepPartialEntity<LicenseEntity>,
  ): Promise<void> {
    const { affected } = await manager
      .createQueryBuilder()
      .update(LicenseEntity)
      .set({ ...fields, revision: () => 'revision + 1', stamp: randomUUID() })
      .where(AS_IT_WAS_READ, { row: ROW, ...versionOf(read) })
      .execute();
    if (affected !== 1) throw new ServiceError('license.changed');
  }
}

function versionOf({
  generation,
  revision,
  stamp,
}: StoredLicense): Pick<StoredLicense, 'generation' | 'revision' | 'stamp'> {
  return { generation, revision, stamp };
}
