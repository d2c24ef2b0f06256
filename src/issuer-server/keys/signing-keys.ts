import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { isDeepStrictEqual } from 'node:util';
import { type CryptoKey, SignJWT } from 'jose';
import type { EntityManager } from 'typeorm';
import { Periodic } from '../../clock/periodic.js';
import { Database } from '../../database/database.js';
import { type Clock, CLOCK } from '../../domain/clock.js';
import { type KeySet, readKeySet } from '../../domain/token/key-set.js';
import { ServiceError } from '../../domain/service-error.js';
import type { PublicJwk } from '../../domain/token/verification-key.js';
import { generateSigningKey } from './new-signing-key.js';
import { PrivateKeys } from './private-keys.js';
import { publishedJwk } from './public-jwk.js';
import type { SigningKeyEntity } from './signing-key.entity.js';
import { SigningKeyStore } from './signing-key.store.js';

/** How often the keys in memory are compared with the database's, milliseconds: they are rotated, or a backup was restored. */
const LOOK_MS = 1_000;
/** So often the active key may change while something is signed. */
const MOST_TRIES = 4;

/** What is signed: the `typ` tells a license from a revocation, so that neither can stand for the other. */
export type SignedType = 'license+jwt' | 'license-revocation+jwt';

/** A compact JWS, and the key that signed it. */
export interface SignedText {
  readonly text: string;
  readonly kid: string;
}

interface LoadedKeys {
  readonly rows: readonly SigningKeyEntity[];
  /** The key that signs: the active one, or the one before where that cannot be used here. */
  readonly key: SigningKeyEntity;
  readonly privateKey: CryptoKey;
  readonly jwks: { readonly keys: readonly PublicJwk[] };
  readonly keySet: KeySet;
}

async function publish(rows: readonly SigningKeyEntity[]): Promise<Pick<LoadedKeys, 'jwks' | 'keySet'>> {
  const jwks = { keys: rows.map(publishedJwk) };
  return { jwks, keySet: await readKeySet(jwks) };
}

/** The issuer's keys in memory. The first one is made when there is none; private halves never leave this class. */
@Injectable()
export class SigningKeys implements BeforeApplicationShutdown {
  readonly #logger = new Logger(SigningKeys.name);
  #keys: LoadedKeys | undefined;
  readonly #looks = new Periodic(LOOK_MS, () => this.#look());
  #missing = false;
  /** What could not be loaded: said once. */
  #unusable: readonly SigningKeyEntity[] | undefined;

  constructor(
    private readonly database: Database,
    private readonly store: SigningKeyStore,
    private readonly privateKeys: PrivateKeys,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Reads the keys from the database, which must have been started, and encrypts those that are to be.
   * @param signs - false for what only administers keys: a lost file of the active key must not keep the operator from replacing it
   * @throws ServiceError `database.unavailable`; ConfigError where a key cannot be decrypted or read
   */
  async start(signs = true): Promise<void> {
    const encrypted: string[] = [];
    const rows = await this.database.transaction(async (manager) => {
      encrypted.length = 0;
      await this.#createFirst(manager);
      for (const key of await this.store.all(manager)) {
        if (!this.privateKeys.isOutdated(key)) continue;
        const part = this.privateKeys.store(await this.privateKeys.open(key), key.kid);
        await this.store.change(manager, key.kid, part);
        encrypted.push(key.kid);
      }
      return this.store.all(manager);
    });
    // All of them, so that a wrong encryption key is noticed now and not at the next rotation.
    for (const key of rows) if (key.privateSealed !== null) await this.privateKeys.open(key);
    if (encrypted.length > 0) this.#logger.log({ msg: 'signing keys were encrypted', kids: encrypted });
    if (!signs) return;
    this.#keys = await this.#load(rows);
    this.#looks.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#looks.stop();
  }

  /** Says in the log that private keys are in clear, where they are. */
  warnOfClear(): void {
    const kids = this.#loaded().rows.flatMap(({ kid, privateJwk }) => (privateJwk === null ? [] : [kid]));
    if (kids.length === 0) return;
    const msg =
      'signing keys are in clear in the database: set ISSUER_KEY_ENCRYPTION_KEY, and the next start encrypts them';
    this.#logger.warn({ msg, kids });
  }

  /** The public key set (RFC 7517, section 5), as it is published. @throws ServiceError `database.unavailable` */
  get jwks(): { readonly keys: readonly PublicJwk[] } {
    return this.#loaded().jwks;
  }

  /** The same keys, to verify with. @throws ServiceError `database.unavailable` */
  get keySet(): KeySet {
    return this.#loaded().keySet;
  }

  /**
   * Signs with the key that is active in the database. It stays active until the transaction ends: so no key is retired while
   * something is signed with it.
   * @returns the compact JWS of the claims (RFC 7515, section 7.1). @throws ServiceError `database.unavailable`
   */
  async sign(
    manager: EntityManager,
    typ: SignedType,
    claims: Readonly<Record<string, unknown>>,
  ): Promise<SignedText> {
    const {
      key: { kid, alg },
      privateKey,
    } = await this.#active(manager);
    const text = await new SignJWT({ ...claims }).setProtectedHeader({ alg, kid, typ }).sign(privateKey);
    return { text, kid };
  }

  async #active(manager: EntityManager): Promise<LoadedKeys> {
    for (let tries = 1; ; tries += 1) {
      const keys = this.#loaded();
      const state = await this.store.hold(manager, keys.key.kid);
      if (state === 'active') return keys;
      if (tries < MOST_TRIES && (await this.#takeUp(await this.store.all(manager)))) continue;
      // Where the database has no key that can be used here, the last one goes on; but never one that nobody can verify.
      if (state === undefined || state === 'verify-only') return keys;
      const cause = new Error('the active signing key cannot be used by this process');
      throw new ServiceError('database.unavailable', undefined, { cause, retryAfter: 2 });
    }
  }

  /**
   * Follows the database: what is signed by a key that it lacks could not be verified after a restart. Never rejects: where
   * the database is away, has no key or has one that cannot be used, the former keys stay.
   */
  async #look(): Promise<void> {
    const rows = await this.database.read((manager) => this.store.all(manager)).catch(() => undefined);
    if (rows !== undefined && this.#keys !== undefined) await this.#takeUp(rows);
  }

  /** @returns whether the keys in memory are other ones now */
  async #takeUp(rows: readonly SigningKeyEntity[]): Promise<boolean> {
    const former = this.#loaded();
    if (rows.length === 0) {
      if (!this.#missing)
        this.#logger.error({ msg: 'the database has no signing key any more: the last one stays' });
      this.#missing = true;
      return false;
    }
    this.#missing = false;
    const isSame = isDeepStrictEqual(rows, former.rows);
    if (isSame && former.key.state === 'active') return false;
    try {
      this.#keys = await this.#load(rows);
    } catch (error) {
      this.#sayUnusable(rows, error);
      const own = rows.find(({ kid }) => kid === former.key.kid);
      if (isSame || own === undefined) return false;
      // It goes on signing with its own key, but publishes what all publish.
      this.#keys = { rows, key: own, privateKey: former.privateKey, ...(await publish(rows)) };
      return false;
    }
    this.#unusable = undefined;
    this.#say(former, this.#keys);
    return true;
  }

  /** Once for the same rows: they are tried again every second, as a file may come. */
  #sayUnusable(rows: readonly SigningKeyEntity[], error: unknown): void {
    if (isDeepStrictEqual(rows, this.#unusable)) return;
    this.#unusable = rows;
    const msg = 'the active signing key of the database cannot be used here: the former one goes on signing';
    this.#logger.error({ msg, kid: rows[0]?.kid, err: error });
  }

  #say(former: LoadedKeys, present: LoadedKeys): void {
    const states = ({ rows }: LoadedKeys) => Object.fromEntries(rows.map(({ kid, state }) => [kid, state]));
    if (isDeepStrictEqual(states(former), states(present))) return;
    if (present.keySet.find(former.key.kid) === undefined) {
      const msg = 'the signing keys of the database are other ones than before';
      this.#logger.warn({ msg, kid: present.key.kid });
    } else {
      this.#logger.log({ msg: 'the signing keys changed', kid: present.key.kid, keys: states(present) });
    }
  }

  #loaded(): LoadedKeys {
    if (this.#keys === undefined)
      throw new ServiceError('database.unavailable', undefined, { retryAfter: 2 });
    return this.#keys;
  }

  async #load(rows: readonly SigningKeyEntity[]): Promise<LoadedKeys> {
    const key = rows.find(({ state }) => state === 'active');
    if (key === undefined) throw new Error('there is no active signing key');
    return { rows, key, privateKey: await this.privateKeys.import(key), ...(await publish(rows)) };
  }

  async #createFirst(manager: EntityManager): Promise<void> {
    if ((await this.store.all(manager)).length > 0) return;
    // Of several processes that begin on one empty database, one makes the key and the others wait for it.
    await this.store.lock(manager);
    if ((await this.store.all(manager)).length > 0) return;
    const { privateJwk, ...key } = await generateSigningKey();
    const now = new Date(this.clock.now());
    const part = this.privateKeys.store(privateJwk, key.kid);
    await this.store.insert(manager, { ...key, ...part, state: 'active', createdAt: now, activatedAt: now });
    this.#logger.log({ msg: 'a signing key was made', kid: key.kid });
  }
}
