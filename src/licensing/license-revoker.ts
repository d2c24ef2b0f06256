import { Inject, Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.js';
import type { Actor } from '../domain/actor.js';
import { type Clock, CLOCK, toSeconds } from '../domain/clock.js';
import {
  type AuthenticatedLicense,
  readRevocationHeader,
  type RevocationStatement,
  verifyRevocationStatement,
} from '../domain/license-token.js';
import { ServiceError } from '../domain/service-error.js';
import { badResponse, classOfRefusal, IssuerFailure } from '../issuer/issuer-failure.js';
import { IssuerKeys } from '../issuer/issuer-keys.js';
import { SnapshotService } from '../snapshot/snapshot.service.js';
import { LicenseReader } from './license.reader.js';
import { LicenseStore } from './license.store.js';

/** Takes up an issuer's word that a license is revoked. */
@Injectable()
export class LicenseRevoker {
  constructor(
    private readonly keys: IssuerKeys,
    private readonly store: LicenseStore,
    private readonly reader: LicenseReader,
    private readonly snapshots: SnapshotService,
    private readonly audit: AuditLog,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * A revocation counts only with the issuer's signature under it: a broken proxy can answer 410 too.
   * @throws ServiceError always: `issuer.refused` when the statement verifies, else `issuer.bad-response`
   */
  async revoke(actor: Actor, { claims }: AuthenticatedLicense, statement: string): Promise<never> {
    const { lid } = claims;
    const revocation = await this.#verify(statement);
    if (revocation.lid !== lid) throw badResponse(new Error('the statement revokes another license'));
    await this.snapshots.change(async (manager) => {
      const held = await this.store.load(manager);
      const changed = await this.store.revoke(manager, held, revocation, statement);
      if (changed) {
        await this.audit.record(manager, actor, 'license.revoke', `license:${lid}`, { iat: revocation.iat });
      }
      return { changed, value: undefined };
    });
    // A statement from before the token was issued takes nothing away: that token lifted it.
    const effective = claims.iat <= revocation.iat;
    throw new IssuerFailure(
      'issuer.refused',
      'refused',
      effective ? 'The license issuer refused the renewal: the license is revoked.' : undefined,
      { cause: new Error('a verified revocation statement') },
    );
  }
  /** @throws ServiceError `issuer.bad-response`, with what is at fault; `issuer.unavailable` */
  async #verify(statement: string): Promise<RevocationStatement> {
    try {
      const keys = await this.keys.forKid(readRevocationHeader(statement).kid);
      const now = toSeconds(this.clock.now());
      return await verifyRevocationStatement(statement, keys, this.reader.policy, now);
    } catch (error) {
      if (!(error instanceof ServiceError) || error.code !== 'issuer.bad-response') throw error;
      const { code, message, cause } = error;
      throw new IssuerFailure(code, classOfRefusal(cause), message, { cause });
    }
  }
}
