import { resolve } from 'node:path';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { NamedFileError } from '../../config/named-file.js';
import { isoTime, toSeconds } from '../../domain/clock.js';
import {
  isPublished,
  type KeyUse,
  PUBLISHED_FIRST,
  refuseActivation,
  refuseRetirement,
  type RotatedKey,
  type RotationRefusal,
} from '../../domain/token/key-rotation.js';
import { IssuerServerError } from '../issuer-server-error.js';
import { ConfirmedClock } from '../record/confirmed-clock.js';
import { LicenseHistoryStore } from '../licenses/license-history.store.js';
import { adoptSigningKey, generateSigningKey, type SigningAlgorithm } from './new-signing-key.js';
import { PemError, PrivateKeys, readPem } from './private-keys.js';
import type { SigningKeyEntity } from './signing-key.entity.js';
import { SigningKeyStore } from './signing-key.store.js';
import { keyAheadWarning } from './signing-key-times.js';
import { SigningKeys } from './signing-keys.js';
import { OwnDatabase } from '../record/own-database.js';

/** In the key set at a time: verifiers take 100, and each has to read them all. */
const MAX_PUBLISHED = 20;
/** The least characters of a `kid` that name a key. */
const MIN_NAME = 4;

/** A signing key and who still needs it. */
export interface ListedKey {
  readonly key: SigningKeyEntity;
  readonly use: KeyUse;
  /** When it may be activated, Unix seconds; undefined where that says nothing. */
  readonly activeFrom: number | undefined;
  /** A sentence where a clock that was ahead noted its times; null where our clock is in doubt too. */
  readonly warning: string | null;
}

/** What became of a key that was retired. */
export interface RetiredKey {
  readonly kid: string;
  /** The file that still has its private part. */
  readonly file: string | null;
  /** How many licenses have no newer token than one of this key. */
  readonly stranded: number;
}

/** Rotates the signing keys, for an operator. Its own process follows at once, other issuers within a second or two. */
@Injectable()
export class KeyAdministration {
  constructor(
    private readonly database: OwnDatabase,
    private readonly store: SigningKeyStore,
    private readonly signingKeys: SigningKeys,
    private readonly privateKeys: PrivateKeys,
    private readonly history: LicenseHistoryStore,
    private readonly clock: ConfirmedClock,
  ) {}

  /** Every key: the active one first, then the newest; the retired ones last. */
  async list(): Promise<ListedKey[]> {
    const now = toSeconds(this.clock.moment.getTime());
    const confirmed = this.clock.confirmedMoment;
    return this.database.read(async (manager) => {
      const listed = [];
      for (const key of await this.store.everything(manager)) {
        const { state, publishedAt } = rotated(key);
        const activeFrom = state === 'published' ? publishedAt + PUBLISHED_FIRST : undefined;
        const warning = confirmed === undefined ? null : keyAheadWarning(key, confirmed);
        listed.push({ key, use: await this.history.useOf(manager, key.kid, now), activeFrom, warning });
      }
      return listed;
    });
  }

  /**
   * Publishes a new key.
   * @param file - a PEM file that has the private key, and goes on having it; else one is made and stored in
   *   the database
   * @throws IssuerServerError, ClockDoubtError
   */
  async add(alg: SigningAlgorithm | undefined, file: string | undefined): Promise<SigningKeyEntity> {
    const path = file === undefined ? undefined : resolve(file);
    const { privateJwk, ...key } =
      path === undefined ? await generateSigningKey(alg) : await adoptSigningKey(await readKey(path), alg);
    return this.#change(async (manager) => {
      await this.store.lock(manager);
      const keys = await this.store.everything(manager);
      const same = keys.find(({ kid }) => kid === key.kid);
      if (same !== undefined)
        throw new IssuerServerError(`The key ${key.kid} is known already: it is ${same.state}.`);
      if (keys.filter(isPublished).length >= MAX_PUBLISHED) {
        throw new IssuerServerError(
          `The key set has ${MAX_PUBLISHED} keys already: retire those that nobody needs ("keys list").`,
        );
      }
      const part =
        path === undefined
          ? this.privateKeys.store(privateJwk, key.kid)
          : { privateJwk: null, privateSealed: null, privateFile: path };
      const createdAt = moment(await this.clock.now(manager));
      await this.store.insert(manager, { ...key, ...part, state: 'published', createdAt });
      return this.#find(manager, key.kid);
    });
  }

  /**
   * Makes a key the one that signs; the one before is still verified.
   * @param name - its `kid`, or the beginning of that
   * @param force - although verifiers may not know it yet
   * @throws IssuerServerError, ConfigError where its private part cannot be read, ClockDoubtError
   */
  async activate(name: string, force: boolean): Promise<SigningKeyEntity> {
    return this.#change(async (manager) => {
      await this.store.lock(manager);
      const key = await this.#find(manager, name);
      const now = await this.clock.now(manager);
      assertAllowed(key, refuseActivation(rotated(key), now), { force, now });
      // Now, and not when the first license is to be signed.
      await this.privateKeys.import(key);
      const at = moment(now);
      await this.store.replaceActive(manager, key.kid, at);
      return this.#find(manager, key.kid);
    });
  }

  /**
   * Takes a key out of the key set for good, and destroys its private part.
   * @param force - although unexpired tokens need it
   * @throws IssuerServerError, ClockDoubtError
   */
  async retire(name: string, force: boolean): Promise<RetiredKey> {
    return this.#change(async (manager) => {
      await this.store.lock(manager);
      const { kid } = await this.#find(manager, name);
      // Waits for what is being signed with it, whose tokens count too.
      const key = await this.store.take(manager, kid);
      const now = await this.clock.now(manager);
      const use = await this.history.useOf(manager, kid, now);
      assertAllowed(key, refuseRetirement(rotated(key), use, now), { force, now, use });
      await this.store.change(manager, kid, {
        ...{ state: 'retired', retiredAt: moment(now) },
        ...{ privateJwk: null, privateSealed: null, privateFile: null },
      });
      const stranded = await this.history.lastTokensOf(manager, kid, now);
      return { kid, file: key.privateFile, stranded };
    });
  }

  async #change<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    const result = await this.database.transaction(work);
    await this.signingKeys.follow();
    return result;
  }

  async #find(manager: EntityManager, name: string): Promise<SigningKeyEntity> {
    const keys = await this.store.everything(manager);
    const found = keys.filter(({ kid }) => kid === name || (name.length >= MIN_NAME && kid.startsWith(name)));
    const [key] = found;
    if (key === undefined)
      throw new IssuerServerError(`There is no signing key "${name}": "keys list" shows them.`, {
        code: 'key_unknown',
      });
    if (found.length > 1)
      throw new IssuerServerError(`Several signing keys begin with "${name}": say more of it.`);
    return key;
  }
}

function rotated({ state, createdAt, verifyOnlyAt }: SigningKeyEntity): RotatedKey {
  return {
    state,
    publishedAt: toSeconds(createdAt.getTime()),
    verifyOnlyAt: verifyOnlyAt === null ? null : toSeconds(verifyOnlyAt.getTime()),
  };
}

function moment(seconds: number): Date {
  return new Date(seconds * 1000);
}

async function readKey(path: string) {
  try {
    return await readPem(path);
  } catch (error) {
    if (!(error instanceof NamedFileError || error instanceof PemError)) throw error;
    throw new IssuerServerError(`The file ${path} cannot be used: ${error.message}.`, { cause: error });
  }
}

function assertAllowed(
  key: SigningKeyEntity,
  refusal: RotationRefusal | undefined,
  { force, now, use }: { readonly force: boolean; readonly now: number; readonly use?: KeyUse },
): void {
  if (refusal === undefined || (force && refusal.from !== null)) return;
  const ahead = refusal.from === null ? null : keyAheadWarning(key, now);
  throw new IssuerServerError(`${explain(key.kid, refusal, use)}${ahead === null ? '' : ` ${ahead}`}`);
}

function explain(kid: string, { reason, from }: RotationRefusal, use: KeyUse | undefined): string {
  const until = from === null ? '' : isoTime(from);
  switch (reason) {
    case 'active':
      return use === undefined
        ? `The key ${kid} is the active one already.`
        : `The key ${kid} is the active one: activate another one before you retire it.`;
    case 'retired':
      return `The key ${kid} is retired: it cannot come back.`;
    case 'published-too-short':
      return (
        `The key ${kid} can be activated from ${until} on: until then a service may have a key set without it, and could not ` +
        'verify what it signs. --force activates it all the same.'
      );
    case 'in-use':
      return (
        `The key ${kid} cannot be retired before ${until}: ${count(use?.licenses ?? 0)} unexpired tokens that it signed, and the ` +
        'last of them expires then. --force retires it all the same: these tokens can be neither installed nor renewed then.'
      );
    case 'replaced-just-now':
      return `The key ${kid} was replaced just now: it can be retired from ${until} on, or with --force.`;
  }
}

function count(licenses: number): string {
  return licenses === 1 ? '1 license has' : `${licenses} licenses have`;
}
