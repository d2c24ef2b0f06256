import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { decodeJwt } from 'jose';
import type { EntityManager } from 'typeorm';
import { ISSUER_SERVER_CONFIG, type IssuerServerConfig } from '../../config/issuer-server-config.js';
import { ConfigError } from '../../config/environment.js';
import { UnusableDatabaseError } from '../../database/database-inspection.js';
import { Database } from '../../database/database.js';
import { DatabaseUrlWatch } from '../../database/database-url-watch.js';
import { IssuerRecordStore } from './issuer-record.store.js';
import { IssuedRenewalStore } from '../renewals/issued-renewal.store.js';

/** Which issuer the database belongs to: the first process that signs for it says so, and another one is refused. */
@Injectable()
export class IssuerIdentity implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly databaseUrlWatch: DatabaseUrlWatch,
    private readonly store: IssuerRecordStore,
    private readonly renewals: IssuedRenewalStore,
    @Inject(ISSUER_SERVER_CONFIG) private readonly config: IssuerServerConfig,
  ) {}

  /** A running issuer moves to another database only if that one belongs to it already. */
  onModuleInit(): void {
    this.databaseUrlWatch.addCheck(async (manager) => {
      const { issuerId } = this.config;
      const owner = await this.#owner(manager);
      if (owner === undefined) throw new UnusableDatabaseError(unclaimed(issuerId));
      if (owner !== issuerId) throw new UnusableDatabaseError(foreign(owner, issuerId));
    });
  }

  /**
   * @param claims - makes a database that belongs to no issuer yet that of the configured ISSUER_ID
   * @throws ConfigError where the database belongs to an issuer with another ISSUER_ID; ServiceError
   *   `database.unavailable`
   */
  async start(claims: boolean): Promise<void> {
    const { issuerId } = this.config;
    await this.database.transaction(async (manager) => {
      const owner = await this.#owner(manager);
      if (owner !== undefined && owner !== issuerId) throw new ConfigError([foreign(owner, issuerId)]);
      if (!claims) return;
      await this.store.create(manager, issuerId);
      // Another process may have been first meanwhile.
      const record = await this.store.load(manager);
      if (record !== undefined && record.issuerId !== issuerId) {
        throw new ConfigError([foreign(record.issuerId, issuerId)]);
      }
    });
  }

  /** Makes it the database of the configured ISSUER_ID. @returns the one before */
  async change(): Promise<string> {
    return this.database.transaction(async (manager) => {
      await this.store.lock(manager);
      const before = (await this.#owner(manager)) ?? this.config.issuerId;
      await this.store.create(manager, this.config.issuerId);
      await this.store.setIssuerId(manager, this.config.issuerId);
      return before;
    });
  }

  /** By its record; in a database of a release without that, by a token that it gave. */
  async #owner(manager: EntityManager): Promise<string | undefined> {
    const record = await this.store.load(manager);
    if (record !== undefined) return record.issuerId;
    const given = await this.renewals.newest(manager);
    return given === undefined ? undefined : decodeJwt(given).iss;
  }
}

function foreign(theirs: string, ours: string): string {
  return (
    `ISSUER_ID is ${ours}, and the database that DATABASE_URL names belongs to the issuer ${theirs}: set ISSUER_ID to that, or ` +
    `DATABASE_URL to another database. Only if the issuer itself gets the new ISSUER_ID, run the command "change-issuer-id" once: ` +
    `instances with tokens of ${theirs} cannot renew then`
  );
}

function unclaimed(ours: string): string {
  return (
    `The database that DATABASE_URL names belongs to no issuer yet, so it has no keys of ${ours}: ` +
    'restart the issuer to begin with this database, or set DATABASE_URL to the database of the issuer.'
  );
}
