import { Inject, Injectable } from '@nestjs/common';
import type { LicenseEncryptionConfig } from '../../config/license-encryption-config.js';
import { SERVICE_CONFIG, type ServiceConfig } from '../../config/service-config.js';
import {
  encryptionKeyId,
  isSealed,
  openSealedText,
  SealedTextError,
  sealedWith,
  sealText,
} from '../../domain/sealed-text.js';

/** Where a signed text of the issuer is stored. It is encrypted for this place alone. */
export type TokenPlace =
  | 'license.token'
  | 'license.previous_token'
  | 'license.queued_token'
  | `license_revocation.statement ${string}`;

/** Where the statement that revokes a license is stored. */
export function placeOfStatement({ iss, lid }: { readonly iss: string; readonly lid: string }): TokenPlace {
  return `license_revocation.statement ${JSON.stringify([iss, lid])}`;
}

/** A stored text cannot be decrypted. The message is a sentence for an operator, without a secret. */
export class UnreadableTokenError extends Error {
  override readonly name = 'UnreadableTokenError';

  /** @param lacksKey - whether another `LICENSE_ENCRYPTION_KEY` could read it */
  constructor(
    message: string,
    readonly lacksKey: boolean,
  ) {
    super(message);
  }
}

/** Encrypts the signed texts that the database holds with `LICENSE_ENCRYPTION_KEY`, and decrypts them. */
@Injectable()
export class LicenseCipher {
  readonly #config: LicenseEncryptionConfig;

  constructor(@Inject(SERVICE_CONFIG) { licenseEncryption }: ServiceConfig) {
    this.#config = licenseEncryption;
  }

  /** Whether what is stored from now on is encrypted. */
  get encrypts(): boolean {
    return this.#config.encryptsWith !== undefined;
  }

  /** A text as it is stored. */
  seal(text: string, place: TokenPlace): string {
    const { encryptsWith } = this.#config;
    return encryptsWith === undefined ? text : sealText(text, place, encryptsWith);
  }

  /** A stored text in clear. @throws UnreadableTokenError */
  open(stored: string, place: TokenPlace): string {
    if (!isSealed(stored)) return stored;
    try {
      return openSealedText(stored, place, this.#config.keys);
    } catch (error) {
      if (!(error instanceof SealedTextError)) throw error;
      // One that could not be read when a license replaced it was moved as it was.
      if (error.kind === 'damaged' && place === 'license.previous_token')
        return this.open(stored, 'license.token');
      throw this.#explained(error);
    }
  }

  /** The replaced token as the previous one. What cannot be read stays as it is: its key may come back. */
  asPrevious(stored: string): string {
    if (!isSealed(stored) && !this.encrypts) return stored;
    try {
      return this.seal(this.open(stored, 'license.token'), 'license.previous_token');
    } catch (error) {
      if (error instanceof UnreadableTokenError) return stored;
      throw error;
    }
  }

  /** Whether a stored text is in clear although it is to be encrypted. */
  isExposed(stored: string): boolean {
    return this.encrypts && !isSealed(stored);
  }

  /** Whether a text would be stored in another form now: encrypted, with another key, or in clear. */
  isOutdated(stored: string): boolean {
    const { encryptsWith } = this.#config;
    if (encryptsWith === undefined) return isSealed(stored);
    return !isSealed(stored) || sealedWith(stored) !== encryptionKeyId(encryptsWith);
  }

  #explained({ kind, keyId }: SealedTextError): UnreadableTokenError {
    switch (kind) {
      case 'other-key': {
        const wrong =
          this.#config.keys.length > 0 ? 'has not the key' : 'is not set, and the database needs the key';
        return new UnreadableTokenError(
          `LICENSE_ENCRYPTION_KEY ${wrong} ${keyId} that encrypted the token: set it to that key, or install the license again.`,
          true,
        );
      }
      case 'unknown-version':
        return new UnreadableTokenError(
          'The token was encrypted by a newer release: use that one or a later one.',
          false,
        );
      case 'damaged':
        return new UnreadableTokenError(
          'The encrypted token is damaged, or was moved from another place: install the license again, or restore the database from a backup.',
          false,
        );
    }
  }
}
