import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ISSUER_SERVER_CONFIG, type IssuerServerConfig } from '../../config/issuer-server-config.js';
import { Database } from '../../database/database.js';
import { ServiceError } from '../../domain/service-error.js';
import type { IssuerRecordEntity } from './issuer-record.entity.js';
import { IssuerRecordStore } from './issuer-record.store.js';

/**
 * The database while it is that of ISSUER_ID. Since the start, `change-issuer-id` may have run, or a dump of another
 * issuer may have taken its place: then this process neither reads nor writes, nor signs for an issuer that is gone.
 */
@Injectable()
export class OwnDatabase {
  /** Whether the database had our record once. What serves claims it at its start. */
  #hadRecord = false;

  constructor(
    private readonly database: Database,
    private readonly records: IssuerRecordStore,
    @Inject(ISSUER_SERVER_CONFIG) private readonly config: IssuerServerConfig,
  ) {}

  /**
   * As {@link Database.transaction}. `change-issuer-id` waits for what is written here.
   * @throws ServiceError `database.unavailable`, also where the database belongs to another issuer
   */
  async transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.database.transaction(async (manager) => {
      this.#assertOwn(await this.records.keep(manager));
      return work(manager);
    });
  }

  /** As {@link Database.read}. @throws ServiceError as {@link transaction} */
  async read<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.database.read(async (manager) => {
      this.#assertOwn(await this.records.load(manager));
      return work(manager);
    });
  }

  /**
   * A command that issues nothing works on a database that belongs to no issuer yet, too. Once ours had a record, one
   * without it is another: a dump of a release before that record.
   */
  #assertOwn(record: IssuerRecordEntity | undefined): void {
    const { issuerId } = this.config;
    if (record === undefined && !this.#hadRecord) return;
    if (record?.issuerId === issuerId) {
      this.#hadRecord = true;
      return;
    }
    const cause = new Error(
      record === undefined
        ? `the database does not say any more that it belongs to the issuer ${issuerId}: if it is the right one, start this process again`
        : `the database belongs to the issuer ${record.issuerId} now, and ISSUER_ID is ${issuerId}: start this process again with that ISSUER_ID`,
    );
    throw new ServiceError('database.unavailable', undefined, { cause });
  }
}
