import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ServiceError } from '../../domain/service-error.js';
import { readKeySet } from '../../domain/token/key-set.js';
import type { PublicJwk } from '../../domain/token/verification-key.js';
import { IssuerKeys } from '../../issuer/issuer-keys.js';
import type { StoredContent, StoredLicense } from '../../snapshot/snapshot.js';
import { SnapshotService } from '../../snapshot/snapshot.service.js';
import { LicenseCipher, type TokenPlace, UnreadableTokenError } from './license-cipher.js';
import { LicenseMarkStore } from './license-mark.store.js';
import { LicenseStore } from './license.store.js';
import { TokenVerifier } from './token-verifier.js';

/** Loads what the database holds of the license, with its tokens verified. */
@Injectable()
export class StoredLicenseLoader implements OnModuleInit {
  readonly #logger = new Logger(StoredLicenseLoader.name);
  /** What the log says already of a place. */
  readonly #reported = new Map<TokenPlace, string>();

  constructor(
    private readonly cipher: LicenseCipher,
    private readonly store: LicenseStore,
    private readonly marks: LicenseMarkStore,
    private readonly verifier: TokenVerifier,
    private readonly keys: IssuerKeys,
    private readonly snapshots: SnapshotService,
  ) {}

  onModuleInit(): void {
    this.snapshots.register('license', (manager, previous) => this.load(manager, previous));
    if (this.keys.pinned) this.keys.onChange(() => this.snapshots.reload());
  }

  /**
   * The stored license. What `previous` verified already is not verified again.
   * @param manager - of the transaction to read in
   */
  async load(manager: EntityManager, previous = this.snapshots.current?.license): Promise<StoredLicense> {
    const row = await this.store.load(manager);
    const { generation, revision, stamp } = row;
    // Tokens that are encrypted anew are the same ones: each other write makes a new stamp.
    const same = previous?.stamp === stamp ? previous : undefined;
    return {
      generation,
      revision,
      stamp,
      content: await this.#content(
        previous?.content,
        this.#open('license.token', row.token, same?.content),
        row.signingKey,
      ),
      queued: await this.#content(
        previous?.queued,
        this.#open('license.queued_token', row.queuedToken, same?.queued),
        row.queuedSigningKey,
      ),
      revocations: await this.store.revocations(manager),
      marks: await this.marks.load(manager),
    };
  }

  /** The token that the present one replaced. @param manager - of the transaction to read in */
  async previous(manager: EntityManager): Promise<StoredContent> {
    const { previousToken, previousSigningKey } = await this.store.load(manager);
    const token = this.#open('license.previous_token', previousToken);
    return this.#content(undefined, token, previousSigningKey);
  }

  /**
   * A stored token in clear.
   * @param known - the verified one, if this is it: another replica may have encrypted it with a key that is not here
   */
  #open(
    place: TokenPlace,
    stored: string | null,
    known?: StoredContent,
  ): string | UnreadableTokenError | undefined {
    if (stored === null) return undefined;
    try {
      const token = this.cipher.open(stored, place);
      this.#reported.delete(place);
      return token;
    } catch (error) {
      if (!(error instanceof UnreadableTokenError)) throw error;
      if (error.lacksKey && known?.kind === 'verified') return known.license.token;
      if (this.#reported.get(place) !== error.message)
        this.#logger.error({ msg: 'a stored license token cannot be read', place, reason: error.message });
      this.#reported.set(place, error.message);
      return error;
    }
  }

  async #content(
    previous: StoredContent | undefined,
    token: string | UnreadableTokenError | undefined,
    signingKey: PublicJwk | null,
  ): Promise<StoredContent> {
    if (token === undefined) return { kind: 'none' };
    if (typeof token !== 'string')
      return { kind: 'unverifiable', code: 'license.untrusted', reason: token.message };
    const isKnown = previous?.kind === 'verified' && previous.license.token === token;
    if (isKnown && !this.keys.pinned) return previous;
    // Rows of releases that kept no key: what is loaded must not wait for the issuer.
    if (signingKey === null && !this.keys.pinned && this.keys.known === undefined)
      return { kind: 'keys-unavailable' };
    const accepted = async () =>
      signingKey === null ? this.keys.known : readKeySet({ keys: [{ ...signingKey }] });
    try {
      return { kind: 'verified', license: await this.verifier.verify(token, 'stored', accepted) };
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      if (error.code === 'issuer.unavailable') return { kind: 'keys-unavailable' };
      return { kind: 'unverifiable', code: error.code, reason: error.message };
    }
  }
}
