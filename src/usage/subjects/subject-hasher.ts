import { createHmac, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { SERVICE_CONFIG, type ServiceConfig } from '../../config/service-config.js';
import type { SubjectKind } from '../../domain/usage/subject.js';
import { UsageKeyStore } from './usage-key.store.js';

/** Makes names unreadable on arrival, before anything else is done with them. */
@Injectable()
export class SubjectHasher {
  #key: string | undefined;

  constructor(
    @Inject(SERVICE_CONFIG) { usage }: ServiceConfig,
    private readonly keys: UsageKeyStore,
  ) {
    this.#key = usage.hashKey;
  }

  /**
   * Reads the key unless it is known: afterwards {@link hash} needs no database.
   * @throws ServiceError `database.unavailable`
   */
  async start(): Promise<void> {
    this.#key ??= await this.keys.keep(randomBytes(32).toString('base64url'));
  }

  /** @returns HMAC-SHA-256 of kind and name, base64url */
  hash(kind: SubjectKind, subject: string): string {
    if (this.#key === undefined) throw new Error('the key of the hashes is not known yet');
    return createHmac('sha256', this.#key).update(`${kind}\0${subject}`).digest('base64url');
  }
}
