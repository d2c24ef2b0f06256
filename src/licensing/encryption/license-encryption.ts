import { Injectable, Logger } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { LicenseCipher } from '../license/license-cipher.js';
import { type Rewritten, SealedTokenStore } from './sealed-token.store.js';

/** Brings the tokens that the database holds into the form that `LICENSE_ENCRYPTION_KEY` asks for. */
@Injectable()
export class LicenseEncryption {
  readonly #logger = new Logger(LicenseEncryption.name);

  constructor(
    private readonly database: Database,
    private readonly store: SealedTokenStore,
    private readonly cipher: LicenseCipher,
  ) {}

  /** Encrypts what is in clear. Never rejects: the check is answered all the same, and the next start tries again. */
  async start(): Promise<void> {
    if (!this.cipher.encrypts) return;
    const isDue = (stored: string) => this.cipher.isExposed(stored);
    try {
      if (!(await this.database.read((manager) => this.store.hasDue(manager, isDue)))) return;
      const { count } = await this.database.transaction((manager) => this.store.rewrite(manager, isDue));
      this.#logger.log({ msg: 'license tokens that were in clear in the database are encrypted', count });
    } catch (error) {
      this.#logger.error({ msg: 'license tokens in the database could not be encrypted', err: error });
    }
  }

  /**
   * Writes every text anew that has another form: in one transaction, beside running replicas, any number of times.
   * @throws ServiceError `database.unavailable`
   */
  async rewriteAll(): Promise<Rewritten> {
    return this.database.transaction((manager) =>
      this.store.rewrite(manager, (stored) => this.cipher.isOutdated(stored)),
    );
  }
}
