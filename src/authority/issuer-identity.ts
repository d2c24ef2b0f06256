import { Inject, Injectable } from '@nestjs/common';
import { AUTHORITY_CONFIG, type AuthorityConfig } from '../config/authority-config.js';
import { ConfigError } from '../config/environment.js';
import { Database } from '../database/database.js';
import { IssuerRecordStore } from './issuer-record.store.js';

/** Which issuer the database belongs to: its first process says so, and another one is refused. */
@Injectable()
export class IssuerIdentity {
  constructor(
    private readonly database: Database,
    private readonly store: IssuerRecordStore,
    @Inject(AUTHORITY_CONFIG) private readonly config: AuthorityConfig,
  ) {}

  /** @throws ConfigError where the database belongs to an issuer with another ISSUER_ID; ServiceError `database.unavailable` */
  async start(): Promise<void> {
    const { issuerId } = this.config;
    const record = await this.database.transaction(async (manager) => {
      await this.store.create(manager, issuerId);
      return this.store.load(manager);
    });
    if (record !== undefined && record.issuerId !== issuerId) throw foreign(record.issuerId, issuerId);
  }

  /** Makes it the database of the configured ISSUER_ID. @returns the one before */
  async change(): Promise<string> {
    return this.database.transaction(async (manager) => {
      await this.store.create(manager, this.config.issuerId);
      const before = (await this.store.load(manager))?.issuerId ?? this.config.issuerId;
      await this.store.setIssuerId(manager, this.config.issuerId);
      return before;
    });
  }
}

function foreign(theirs: string, ours: string): ConfigError {
  return new ConfigError([
    `ISSUER_ID is ${ours}, and the database that DATABASE_URL names belongs to the issuer ${theirs}: set ISSUER_ID to that, or ` +
      'DATABASE_URL to another database. Instances of the former ISSUER_ID could not renew any more; if that is what you want, ' +
      'run the command "change-issuer-id" once',
  ]);
}
