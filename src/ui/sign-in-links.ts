import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { hashToken } from '../access/service-account-token.js';
import { Database } from '../database/database.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import { SessionStore } from './session.store.js';

/** How long a link can be used, milliseconds. */
const LIFE_MS = 10 * 60_000;

/** What a link lets in to: a service account's token, by its hash. */
interface Link {
  readonly tokenHash: string;
  /** By the monotonic clock, milliseconds. */
  readonly until: number;
}

/**
 * Links that sign in once. The quickstart makes one for the terminal of its own process, no call of the API does. They
 * are in memory, by the hash of their code, and end with the process.
 */
@Injectable()
export class SignInLinks {
  readonly #links = new Map<string, Link>();

  constructor(
    private readonly database: Database,
    private readonly store: SessionStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Makes a link that lets in to the newest token of a service account.
   * @returns its code; undefined where the account has no token that can be used
   * @throws ServiceError `database.unavailable`
   */
  async createFor(account: number): Promise<string | undefined> {
    const now = new Date(this.clock.now());
    const tokenHash = await this.database.read((manager) =>
      this.store.newestUsableToken(manager, account, now),
    );
    return tokenHash === undefined ? undefined : this.create(tokenHash);
  }

  /** @returns the code of a new link */
  create(tokenHash: string): string {
    const code = randomBytes(32).toString('base64url');
    this.#links.set(hashToken(code), { tokenHash, until: this.clock.monotonic() + LIFE_MS });
    return code;
  }

  /**
   * Does what a link is for. That uses it up, unless `work` fails: a database that is away must not cost the only link.
   * @param work - gets the hash of the token that the link lets in to; undefined for a code that was used, has expired
   *   or never was
   */
  async use<T>(code: string, work: (tokenHash: string | undefined) => Promise<T>): Promise<T> {
    const key = hashToken(code);
    const link = this.#links.get(key);
    this.#links.delete(key);
    const tokenHash = link !== undefined && this.clock.monotonic() < link.until ? link.tokenHash : undefined;
    try {
      return await work(tokenHash);
    } catch (error) {
      if (link !== undefined && tokenHash !== undefined) this.#links.set(key, link);
      throw error;
    }
  }
}
