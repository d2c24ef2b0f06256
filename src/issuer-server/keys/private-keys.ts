import { createPrivateKey } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { Inject, Injectable } from '@nestjs/common';
import { type CryptoKey, importJWK, type JWK } from 'jose';
import { ISSUER_SERVER_CONFIG, type IssuerServerConfig } from '../../config/issuer-server-config.js';
import { ConfigError } from '../../config/environment.js';
import { NamedFileError, readNamedFile, textOfFile } from '../../config/named-file.js';
import {
  encryptionKeyId,
  openSealedText,
  SealedTextError,
  sealedWith,
  sealText,
} from '../../domain/sealed-text.js';
import { publicMembers } from './public-jwk.js';
import type { SigningKeyEntity } from './signing-key.entity.js';

/** More than a key of 8,192 bits has. */
const MAX_PEM_BYTES = 64 * 1024;

/** What a row says about where the private part of a key is. */
type PrivatePart = Pick<SigningKeyEntity, 'privateJwk' | 'privateSealed' | 'privateFile'>;

/** A file is no private key. The message finishes a sentence ("…: it is …"). */
export class PemError extends Error {
  override readonly name = 'PemError';
}

/**
 * Stores and opens the private parts of signing keys: in clear, encrypted with `ISSUER_KEY_ENCRYPTION_KEY`,
 * or in a file.
 */
@Injectable()
export class PrivateKeys {
  readonly #encryptionKeys: readonly Buffer[];

  constructor(@Inject(ISSUER_SERVER_CONFIG) { encryptionKeys }: IssuerServerConfig) {
    this.#encryptionKeys = encryptionKeys;
  }

  /** How a private key is stored: encrypted, where there is a key for that. */
  store(privateJwk: JWK, kid: string): PrivatePart {
    const [encryptionKey] = this.#encryptionKeys;
    return encryptionKey === undefined
      ? { privateJwk, privateSealed: null, privateFile: null }
      : {
          privateJwk: null,
          privateSealed: sealText(JSON.stringify(privateJwk), kid, encryptionKey),
          privateFile: null,
        };
  }

  /** Whether a key in the database is to be encrypted, or encrypted anew with the present encryption key. */
  isOutdated({ privateJwk, privateSealed }: PrivatePart): boolean {
    const [encryptionKey] = this.#encryptionKeys;
    if (encryptionKey === undefined) return false;
    if (privateSealed === null) return privateJwk !== null;
    return sealedWith(privateSealed) !== encryptionKeyId(encryptionKey);
  }

  /**
   * The private part of a key, which must be that of its public part.
   * @throws ConfigError which says what to do
   */
  async open(key: SigningKeyEntity): Promise<JWK> {
    const { kid, publicJwk } = key;
    const privateJwk = await this.#read(key);
    if (!isDeepStrictEqual(publicMembers(privateJwk), publicMembers(publicJwk)))
      throw new ConfigError([`The private part of the signing key ${kid} is that of another key`]);
    return privateJwk;
  }

  /** The same, to sign with. @throws ConfigError */
  async import(key: SigningKeyEntity): Promise<CryptoKey> {
    const imported = await importJWK(await this.open(key), key.alg);
    if (imported instanceof Uint8Array) throw new ConfigError([`The signing key ${key.kid} is symmetric`]);
    return imported;
  }

  async #read({ kid, privateJwk, privateSealed, privateFile }: SigningKeyEntity): Promise<JWK> {
    if (privateSealed !== null) return this.#unseal(privateSealed, kid);
    if (privateFile !== null) return readPrivateFile(kid, privateFile);
    if (privateJwk !== null) return privateJwk;
    throw new ConfigError([`The signing key ${kid} has no private part`]);
  }

  #unseal(sealed: string, kid: string): JWK {
    try {
      return JSON.parse(openSealedText(sealed, kid, this.#encryptionKeys)) as JWK;
    } catch (error) {
      if (!(error instanceof SealedTextError)) throw error;
      throw new ConfigError([explain(error, kid, this.#encryptionKeys.length > 0)]);
    }
  }
}

function explain({ kind, keyId }: SealedTextError, kid: string, isSet: boolean): string {
  switch (kind) {
    case 'other-key': {
      const wrong = isSet ? 'has not the key' : 'is not set, and the database needs the key';
      return `ISSUER_KEY_ENCRYPTION_KEY ${wrong} ${keyId} that encrypted the signing key ${kid}: set it to that key`;
    }
    case 'unknown-version':
      return `The signing key ${kid} was encrypted by a newer release: use that one or a later one`;
    case 'damaged':
      return `The encrypted signing key ${kid} is damaged: restore the database from a backup`;
  }
}

async function readPrivateFile(kid: string, path: string): Promise<JWK> {
  try {
    return await readPem(path);
  } catch (error) {
    if (!(error instanceof NamedFileError || error instanceof PemError)) throw error;
    throw new ConfigError([`The signing key ${kid} cannot be read from the file ${path}: ${error.message}`]);
  }
}

/**
 * The private key of a PEM file (PKCS #8, PKCS #1 or SEC 1) without a passphrase.
 * @throws NamedFileError, PemError
 */
export async function readPem(path: string): Promise<JWK> {
  const text = textOfFile(await readNamedFile(path, MAX_PEM_BYTES));
  try {
    return createPrivateKey({ key: text, format: 'pem' }).export({ format: 'jwk' });
  } catch {
    throw new PemError(
      'it is no private key in PEM form without a passphrase, or of a kind that cannot sign',
    );
  }
}
