import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { isDeepStrictEqual } from 'node:util';
import {
  calculateJwkThumbprint,
  type CryptoKey,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK_EC_Private,
  SignJWT,
} from 'jose';
import type { EntityManager } from 'typeorm';
import { Periodic } from '../clock/periodic.js';
import { Database } from '../database/database.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import { type KeySet, readKeySet } from '../domain/key-set.js';
import { ServiceError } from '../domain/service-error.js';
import type { PublicJwk } from '../domain/verification-key.js';
import { SigningKeyEntity } from './signing-key.entity.js';

const ALGORITHM = 'ES256';
/** How often the keys in memory are compared with the database's, milliseconds: a backup may have been restored. */
const LOOK_MS = 1_000;

/** What is signed: the `typ` tells a license from a revocation, so that neither can stand for the other. */
export type SignedType = 'license+jwt' | 'license-revocation+jwt';

interface LoadedKeys {
  readonly rows: readonly SigningKeyEntity[];
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly jwks: { readonly keys: readonly PublicJwk[] };
  readonly keySet: KeySet;
}

/** The issuer's keys. The first one is made when there is none; private halves never leave this class. */
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
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Reads the keys from the database, which must have been started. @throws ServiceError `database.unavailable` */
  async start(): Promise<void> {
    this.#keys = await load(await this.database.transaction((manager) => this.#findOrCreate(manager)));
    this.#looks.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#looks.stop();
  }

  /** The public key set (RFC 7517, section 5), as it is published. @throws ServiceError `database.unavailable` */
  get jwks(): { readonly keys: readonly PublicJwk[] } {
    return this.#loaded().jwks;
  }

  /** The same keys, to verify with. @throws ServiceError `database.unavailable` */
  get keySet(): KeySet {
    return this.#loaded().keySet;
  }

  /** @returns the compact JWS of the claims (RFC 7515, section 7.1). @throws ServiceError `database.unavailable` */
  async sign(typ: SignedType, claims: Readonly<Record<string, unknown>>): Promise<string> {
    const { kid, privateKey } = this.#loaded();
    return new SignJWT({ ...claims }).setProtectedHeader({ alg: ALGORITHM, kid, typ }).sign(privateKey);
  }

  /**
   * Takes up the keys of a database that was restored: what is signed by a key that it lacks could not be verified after
   * a restart. Never rejects: where the database is away, has no key or has one that cannot be used, the former keys stay.
   */
  async #look(): Promise<void> {
    const rows = await this.database.read(findAll).catch(() => undefined);
    if (rows === undefined || this.#keys === undefined) return;
    if (rows.length === 0) {
      if (!this.#missing)
        this.#logger.error({ msg: 'the database has no signing key any more: the last one stays' });
      this.#missing = true;
      return;
    }
    this.#missing = false;
    if (isDeepStrictEqual(rows, this.#keys.rows)) {
      this.#unusable = undefined;
      return;
    }
    if (isDeepStrictEqual(rows, this.#unusable)) return;
    try {
      this.#keys = await load(rows);
    } catch (error) {
      this.#unusable = rows;
      const msg =
        'the database has a signing key that cannot be used: the former keys stay until the process ends';
      this.#logger.error({ msg, kid: rows[0]?.kid, err: error });
      return;
    }
    this.#unusable = undefined;
    this.#logger.warn({
      msg: 'the signing keys of the database are other ones than before',
      kid: this.#keys.kid,
    });
  }

  #loaded(): LoadedKeys {
    if (this.#keys === undefined)
      throw new ServiceError('database.unavailable', undefined, { retryAfter: 2 });
    return this.#keys;
  }

  async #findOrCreate(manager: EntityManager): Promise<SigningKeyEntity[]> {
    const found = await findAll(manager);
    if (found.length > 0) return found;
    // Of several processes that begin on one empty database, one makes the key and the others wait for it.
    await manager.query('LOCK TABLE signing_key IN SHARE ROW EXCLUSIVE MODE');
    const madeMeanwhile = await findAll(manager);
    if (madeMeanwhile.length > 0) return madeMeanwhile;
    const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
    const privateJwk = (await exportJWK(privateKey)) as JWK_EC_Private;
    const kid = await calculateJwkThumbprint({ ...privateJwk, kty: 'EC' });
    const key = { kid, alg: ALGORITHM, privateJwk, createdAt: new Date(this.clock.now()) } as const;
    await manager.insert(SigningKeyEntity, key);
    this.#logger.log({ msg: 'a signing key was made', kid });
    return [key];
  }
}

/** The newest first: it signs, and the others still verify what they signed. */
async function findAll(manager: EntityManager): Promise<SigningKeyEntity[]> {
  return manager.find(SigningKeyEntity, { order: { createdAt: 'DESC', kid: 'ASC' } });
}

async function load(rows: readonly SigningKeyEntity[]): Promise<LoadedKeys> {
  const [newest] = rows;
  if (newest === undefined) throw new Error('there is no signing key');
  const jwks = { keys: rows.map(publicJwk) };
  const privateKey = await importJWK({ ...newest.privateJwk, kty: 'EC' as const }, newest.alg);
  return { rows, kid: newest.kid, privateKey, jwks, keySet: await readKeySet(jwks) };
}

/** Names what is public, so that nothing else can come along. */
function publicJwk({ kid, alg, privateJwk: { crv, x, y } }: SigningKeyEntity): PublicJwk {
  return { kty: 'EC', kid, alg, use: 'sig', crv, x, y };
}
