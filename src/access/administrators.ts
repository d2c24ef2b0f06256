import { createHmac, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { AccessConfig } from '../config/access-config.js';
import { isPassword, nobodysPasswordHash } from '../domain/password-hash.js';
import { ServiceError } from '../domain/service-error.js';
import { networkOf } from '../http/client-address.js';
import { sameSecret } from './basic-credentials.js';
import { PasswordQueue } from './password-queue.js';

/** Names with passwords that were right, so that a script that signs in with each call pays once. */
const MAX_REMEMBERED = 1_000;

/** Who may call with a name and a password: those of the configuration. */
export class Administrators {
  readonly #configured: AccessConfig['administrator'];
  readonly #hashed: AccessConfig['users'];
  readonly #nobody = nobodysPasswordHash();
  readonly #queue = new PasswordQueue();
  readonly #key = randomBytes(32);
  readonly #remembered = new LRUCache<string, true>({ max: MAX_REMEMBERED });

  constructor({ administrator, users }: AccessConfig) {
    this.#configured = administrator;
    this.#hashed = users;
  }

  /** Compares with each name, so that the time does not tell which one it was. */
  isName(name: string): boolean {
    const names = [this.#configured, ...this.#hashed].map((user) => sameSecret(name, user?.name ?? ''));
    return name !== '' && names.includes(true);
  }

  /**
   * Whether a password is right. Where there are hashes, every name takes the time of one, whether it is known, blocked
   * or neither; a promise then.
   *
   * @param client - the address of the caller
   * @param isBlocked - then a password that was right before takes its time too
   * @throws ServiceError `too-many-requests` where too many passwords of this client wait already
   */
  isRight(name: string, password: string, client: string, isBlocked: boolean): boolean | Promise<boolean> {
    const isConfigured = this.#isConfigured(name, password);
    if (this.#hashed.length === 0) return isConfigured;
    const remembered = createHmac('sha256', this.#key).update(`${name}:${password}`).digest('base64');
    if (!isBlocked && this.#remembered.get(remembered)) return true;
    const hash = this.#hashed.find((user) => user.name === name)?.hash;
    const work = this.#queue.run(networkOf(client), () => isPassword(password, hash ?? this.#nobody));
    if (work === undefined) throw new ServiceError('too-many-requests', undefined, { retryAfter: 1 });
    return work.then((isHashed) => {
      const isRight = isConfigured || (isHashed && hash !== undefined);
      if (isRight) this.#remembered.set(remembered, true);
      return isRight;
    });
  }

  /**
   * What an administrator's password is compared with: another text after each change of it.
   * @returns undefined for a name that is no administrator's
   */
  credentialOf(name: string): string | undefined {
    if (name === this.#configured?.name) return this.#configured.password;
    const hash = this.#hashed.find((user) => user.name === name)?.hash;
    return hash && JSON.stringify([hash.salt.toString('base64'), hash.hash.toString('base64')]);
  }

  #isConfigured(name: string, password: string): boolean {
    const isName = sameSecret(name, this.#configured?.name ?? '');
    const isPassword = sameSecret(password, this.#configured?.password ?? '');
    return this.#configured !== undefined && isName && isPassword;
  }
}
