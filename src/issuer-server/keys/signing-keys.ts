import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { isDeepStrictEqual } from 'node:util';
import { SignJWT } from 'jose';
import type { EntityManager } from 'typeorm';
import { Periodic } from '../../clock/periodic.js';
import { type Clock, CLOCK } from '../../domain/clock.js';
import type { KeySet } from '../../domain/token/key-set.js';
import { ServiceError } from '../../domain/service-error.js';
import type { PublicJwk } from '../../domain/token/verification-key.js';
import { Metrics } from '../../metrics/metrics.js';
import {
  type LoadedKeys,
  publish,
  type Signer,
  signsWithActive,
  unusableText,
  withoutActive,
} from './loaded-keys.js';
import { generateSigningKey } from './new-signing-key.js';
import { PrivateKeys } from './private-keys.js';
import type { SigningKeyEntity } from './signing-key.entity.js';
import { SigningKeyStore } from './signing-key.store.js';
import { OwnDatabase } from '../record/own-database.js';

/**
 * How often the keys in memory are compared with the database's, milliseconds: they are rotated, or a backup
 * was restored.
 */
const LOOK_MS = 1_000;
/** So often the active key may change while something is signed. */
const MAX_TRIES = 4;

/** What is signed: the `typ` tells a license from a revocation, so that neither can stand for the other. */
type SignedType = 'license+jwt' | 'license-revocation+jwt';

/** A compact JWS, and the key that signed it. */
export interface SignedText {
  readonly text: string;
  readonly kid: string;
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
    private readonly database: OwnDatabase,
    private readonly store: SigningKeyStore,
    private readonly privateKeys: PrivateKeys,
    metrics: Metrics,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    metrics.gauge(
      'licentia_signing_key_usable',
      'Whether the issuer can sign with the active key of its database: 0 while it uses the one before, or none.',
      {},
      () => (this.#keys === undefined ? undefined : Number(signsWithActive(this.#keys))),
    );
  }

  /**
   * Reads the keys from the database, which must have been started, and encrypts those that are to be.
   * @param signs - false for what only administers keys: a lost file of the active key must not keep the
   *   operator from replacing it
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

  /** Follows the database now, for a caller that has just changed the keys in it. */
  async follow(): Promise<void> {
    await this.#looks.now();
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
   * Signs with the key that is active in the database. It stays active until the transaction ends: so no key
   * is retired while something is signed with it.
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

  async #active(manager: EntityManager): Promise<Signer> {
    for (let tries = 1; ; tries += 1) {
      const { signer } = this.#loaded();
      const state = signer && (await this.store.hold(manager, signer.key.kid));
      if (signer !== undefined && state === 'active') return signer;
      if (tries < MAX_TRIES && (await this.#takeUp(await this.store.everything(manager)))) continue;
      // Where the database has no key that can be used here, the last one goes on; but never one that nobody
      // can verify.
      if (signer !== undefined && (state === undefined || state === 'verify-only')) return signer;
      const cause = new Error('the active signing key cannot be used by this process');
      throw new ServiceError('database.unavailable', undefined, { cause, retryAfter: 2 });
    }
  }

  /**
   * Follows the database: what is signed by a key that it lacks could not be verified after a restart. Never
   * rejects: where the database is away or has no key, the former keys stay.
   */
  async #look(): Promise<void> {
    if (this.#keys === undefined) return;
    const all = await this.database.read((manager) => this.store.everything(manager)).catch(() => undefined);
    if (all !== undefined) await this.#takeUp(all);
  }

  /**
   * @param all - the keys of the database, with the retired ones
   * @returns whether the active key signs now and did not before
   */
  async #takeUp(all: readonly SigningKeyEntity[]): Promise<boolean> {
    const former = this.#loaded();
    const rows = all.filter(({ state }) => state !== 'retired');
    if (rows.length === 0) {
      if (!this.#missing)
        this.#logger.error({ msg: 'the database has no signing key any more: the last one stays' });
      this.#missing = true;
      return false;
    }
    if (this.#missing) this.#logger.log({ msg: 'the database has signing keys again' });
    this.#missing = false;
    const isSame = isDeepStrictEqual(rows, former.rows);
    // What could not be read is tried again, also while it is in memory: the next start needs it.
    if (isSame && signsWithActive(former) && this.#unusable === undefined) return false;
    try {
      this.#keys = await this.#load(rows);
    } catch (error) {
      if (!isSame) this.#keys = await withoutActive(former, all, rows);
      this.#sayUnusable(rows, error);
      return false;
    }
    if (this.#unusable !== undefined)
      this.#logger.log({ msg: 'the active signing key can be used now', kid: rows[0]?.kid });
    this.#unusable = undefined;
    this.#say(former, this.#keys);
    return true;
  }

  /** Once for the same rows: they are tried again every second, as a file may come. */
  #sayUnusable(rows: readonly SigningKeyEntity[], error: unknown): void {
    if (isDeepStrictEqual(rows, this.#unusable)) return;
    this.#unusable = rows;
    this.#logger.error({ msg: unusableText(this.#loaded()), kid: rows[0]?.kid, err: error });
  }

  #say(former: LoadedKeys, present: LoadedKeys): void {
    const states = ({ rows }: LoadedKeys) => Object.fromEntries(rows.map(({ kid, state }) => [kid, state]));
    if (isDeepStrictEqual(states(former), states(present))) return;
    const kid = present.signer?.key.kid;
    const own = former.signer?.key.kid;
    if (own === undefined || present.keySet.find(own) !== undefined)
      this.#logger.log({ msg: 'the signing keys changed', kid, keys: states(present) });
    else this.#logger.warn({ msg: 'the signing keys of the database are other ones than before', kid });
  }

  #loaded(): LoadedKeys {
    if (this.#keys === undefined)
      throw new ServiceError('database.unavailable', undefined, { retryAfter: 2 });
    return this.#keys;
  }

  async #load(rows: readonly SigningKeyEntity[]): Promise<LoadedKeys> {
    const key = rows.find(({ state }) => state === 'active');
    if (key === undefined) throw new Error('there is no active signing key');
    const privateKey = await this.privateKeys.import(key);
    return { rows, signer: { key, privateKey }, ...(await publish(rows)) };
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
