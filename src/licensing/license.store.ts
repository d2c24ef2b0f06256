import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { type Clock, CLOCK } from '../domain/clock.js';
import { readKeySet } from '../domain/key-set.js';
import {
  type AuthenticatedLicense,
  authenticateLicenseToken,
  readTokenHeader,
  type RevocationStatement,
} from '../domain/license-token.js';
import { ServiceError } from '../domain/service-error.js';
import { IssuerKeys } from '../issuer/issuer-keys.js';
import type { HeldLicense, Revocations } from '../snapshot/snapshot.js';
import { SnapshotService } from '../snapshot/snapshot.service.js';
import { LicenseMetrics } from './license-metrics.js';
import { LicenseRevocationEntity } from './license-revocation.entity.js';
import { LicenseEntity } from './license.entity.js';

const ROW = 1;

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
};

/**
 * The license in the database. Every write is one conditional statement: it names the generation and the revision
 * that the writer read, and it never puts an older token of a license over a newer one that still counts. Whatever
 * else goes wrong, a write that is late changes nothing.
 */
@Injectable()
export class LicenseStore implements OnModuleInit {
  constructor(
    private readonly snapshots: SnapshotService,
    private readonly keys: IssuerKeys,
    private readonly metrics: LicenseMetrics,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.snapshots.register('license', (manager, previous) => this.load(manager, previous));
    if (this.keys.pinned) this.keys.onChange(() => this.snapshots.reload());
  }

  /**
   * The held license, verified. What `previous` verified already is not verified again.
   * @param manager - of the transaction to read in
   */
  async load(manager: EntityManager, previous = this.snapshots.current?.license): Promise<HeldLicense> {
    const row = await manager.findOneByOrFail(LicenseEntity, { id: ROW });
    return {
      generation: row.generation,
      revision: row.revision,
      content: isVerified(previous, row) && !this.keys.pinned ? previous.content : await this.#verify(row),
      revocations: await this.#revocations(manager),
    };
  }

  /** When a license was revoked last, Unix seconds; undefined when it never was. */
  async revokedAt(manager: EntityManager, iss: string, lid: string): Promise<number | undefined> {
    return (await manager.findOneBy(LicenseRevocationEntity, { iss, lid }))?.iat;
  }

  /**
   * Puts a license in the place of what was read; the replaced token is kept as the previous one.
   * @param overNewer - the stored token does not count any more, so an older one may take its place
   * @throws ServiceError `license.changed` when what was read is not there any more
   */
  async replace(
    manager: EntityManager,
    read: HeldLicense,
    { token, claims, key }: AuthenticatedLicense,
    overNewer: boolean,
  ): Promise<void> {
    const { iss, lid, jti, sub, iat, exp, lexp } = claims;
    const { affected } = await manager
      .createQueryBuilder()
      .update(LicenseEntity)
      .set({
        ...{ token, iss, lid, jti, sub, iat, exp, lexp, signingKey: key.jwk },
        installedAt: new Date(this.clock.now()),
        previousToken: () => 'token',
        revision: () => 'revision + 1',
      })
      .where('id = :row AND generation = :generation AND revision = :revision', {
        row: ROW,
        ...placeOf(read),
      })
      .andWhere(
        '(:overNewer OR lid IS NULL OR lid <> :lid OR iss <> :iss OR iat < :iat OR (iat = :iat AND exp <= :exp))',
        { overNewer, lid, iss, iat, exp },
      )
      .execute();
    if (affected !== 1) throw new ServiceError('license.changed');
  }

  /** Removes the license and the previous token. @throws ServiceError `license.changed` */
  async clear(manager: EntityManager, read: HeldLicense): Promise<void> {
    await this.#updateWithGeneration(manager, read, NOTHING);
  }

  /**
   * Keeps a verified statement of the issuer; an older one than the known changes nothing.
   * @returns whether it was news
   * @throws ServiceError `license.changed`
   */
  async revoke(
    manager: EntityManager,
    read: HeldLicense,
    { iss, lid, iat }: RevocationStatement,
    statement: string,
  ): Promise<boolean> {
    const known = await this.revokedAt(manager, iss, lid);
    if (known !== undefined && known >= iat) return false;
    await manager.upsert(
      LicenseRevocationEntity,
      { iss, lid, iat, statement, receivedAt: new Date(this.clock.now()) },
      ['iss', 'lid'],
    );
    await this.#updateWithGeneration(manager, read, {});
    return true;
  }

  /** There are as many as licenses were ever revoked: few. */
  async #revocations(manager: EntityManager): Promise<Revocations> {
    const rows = await manager.find(LicenseRevocationEntity, { select: { iss: true, lid: true, iat: true } });
    const byLicense = new Map(rows.map(({ iss, lid, iat }) => [`${iss}\0${lid}`, iat]));
    return { find: (iss, lid) => byLicense.get(`${iss}\0${lid}`) };
  }

  /** DELETE and revocation alone come this way: nothing that read an earlier generation can write any more. */
  async #updateWithGeneration(manager: EntityManager, read: HeldLicense, fields: Partial<LicenseEntity>) {
    const { affected } = await manager
      .createQueryBuilder()
      .update(LicenseEntity)
      .set({ ...fields, generation: () => 'generation + 1', revision: () => 'revision + 1' })
      .where('id = :row AND generation = :generation AND revision = :revision', {
        row: ROW,
        ...placeOf(read),
      })
      .execute();
    if (affected !== 1) throw new ServiceError('license.changed');
  }

  async #verify(row: LicenseEntity): Promise<HeldLicense['content']> {
    if (row.token === null) return { kind: 'none' };
    try {
      // Keys from a file are the operator's word on whom to believe. Else the key that verified the token when it was
      // accepted verifies it again: it needs no issuer, and no rotation takes a license away.
      const keys = this.keys.pinned
        ? await this.keys.forKid(readTokenHeader(row.token).kid)
        : await readKeySet({ keys: [{ ...row.signingKey }] });
      return { kind: 'verified', license: await authenticateLicenseToken(row.token, keys) };
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      if (error.code === 'issuer.unavailable') return { kind: 'undecided' };
      this.metrics.refused('stored', error);
      return { kind: 'unverifiable', code: error.code, reason: error.message };
    }
  }
}

/** Whether the very token of the row was verified before. */
function isVerified(previous: HeldLicense | undefined, row: LicenseEntity): previous is HeldLicense {
  return previous?.content.kind === 'verified' && previous.content.license.token === row.token;
}

function placeOf({ generation, revision }: HeldLicense): { generation: number; revision: number } {
  return { generation, revision };
}
