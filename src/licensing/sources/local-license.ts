import type { Clock } from '../../domain/clock.js';
import type { AuthenticatedLicense } from '../../domain/license/license-token.js';
import { ServiceError } from '../../domain/service-error.js';
import { SourceMemory } from '../../domain/license/source-memory.js';
import type { LocalSource } from '../../snapshot/snapshot.js';
import { NamedFileError } from '../../config/named-file.js';
import type { LocalLicenseVerifier } from './local-license-verifier.js';

/** How often a token that could not be verified is tried again without news of the keys, milliseconds. */
const RETRY_MS = 60_000;
/** How often a key that was stored is stored again, milliseconds: a restored database may lack it. */
const REMEMBER_AGAIN_MS = 60_000;

/** How a license was found: since the last look at its source, or at this moment. */
export type SightingOf = Parameters<SourceMemory<AuthenticatedLicense>['look']>[1];

/**
 * One source outside of the database. What it says is verified once; a source that breaks or vanishes takes nothing
 * away: the last valid license that it said stays, until the source says another valid one or the process ends.
 */
export class LocalLicense {
  /** Its last content, usable or not. */
  #token: string | undefined;
  #license: AuthenticatedLicense | undefined;
  readonly #memory = new SourceMemory<AuthenticatedLicense>();
  #fault: LocalSource['fault'];
  /** Monotonic milliseconds before which the same token is not tried again. */
  #retryAt = -Infinity;
  /** Monotonic milliseconds at which the key is to be stored again. */
  #rememberAt = Infinity;
  #keysChanged = false;

  constructor(
    readonly source: LocalSource['source'],
    private readonly read: () => Promise<string>,
    private readonly verifier: LocalLicenseVerifier,
    private readonly clock: Clock,
  ) {}

  /** Reads the source, and verifies what it says if that is news. Never rejects. */
  async look(): Promise<void> {
    const keysChanged = this.#keysChanged;
    this.#keysChanged = false;
    try {
      const token = await this.read();
      if (this.#isDue(token, keysChanged)) await this.#take(token);
      const isDue = this.clock.monotonic() >= this.#rememberAt;
      if (this.#license !== undefined && isDue && (await this.verifier.remember(this.#license))) {
        this.#rememberAt = this.clock.monotonic() + REMEMBER_AGAIN_MS;
      }
    } catch (error) {
      this.#token = this.#license = undefined;
      this.#fault = faultOf(error);
    }
    if (keysChanged && this.verifier.pinned) await this.#verifyShownAgain();
  }

  /** The issuer's keys were read anew: what they could not verify is tried again at the next look. */
  tryAgain(): void {
    this.#keysChanged = true;
  }

  /** What there is to show from now on. @param sightingOf - how a license was found */
  state(sightingOf: SightingOf): LocalSource {
    return {
      source: this.source,
      licenses: this.#memory.look(this.#license, sightingOf),
      fault: this.#fault,
    };
  }

  #isDue(token: string, keysChanged: boolean): boolean {
    const news = keysChanged && (this.#license === undefined || this.verifier.pinned);
    return (
      token !== this.#token ||
      news ||
      (this.#license === undefined && this.clock.monotonic() >= this.#retryAt)
    );
  }

  async #take(token: string): Promise<void> {
    this.#token = token;
    this.#retryAt = this.clock.monotonic() + RETRY_MS;
    try {
      const { license, remembered } = await this.verifier.verify(this.source, token);
      // The same object for the same token: who compares states sees no change.
      this.#license = this.#memory.shown.find(({ token: shown }) => shown === token) ?? license;
      // Keys of a file alone count there, and nothing is stored.
      this.#rememberAt = this.verifier.pinned
        ? Infinity
        : remembered
          ? this.clock.monotonic() + REMEMBER_AGAIN_MS
          : -Infinity;
      this.#fault = undefined;
    } catch (error) {
      this.#license = undefined;
      this.#fault = faultOf(error);
    }
  }

  /** A key that the operator took out of the file counts no more, for what was said before neither. */
  async #verifyShownAgain(): Promise<void> {
    for (const license of this.#memory.shown) {
      if (license === this.#license) continue;
      try {
        await this.verifier.verify(this.source, license.token);
      } catch (error) {
        // Without the keys nothing can be said yet.
        if (error instanceof ServiceError && error.code === 'issuer.unavailable') this.#keysChanged = true;
        else this.#memory.forget(license);
      }
    }
  }
}

function faultOf(error: unknown): LocalSource['fault'] {
  if (error instanceof NamedFileError) return { code: 'unreadable', message: error.message };
  if (error instanceof ServiceError) return { code: error.code, message: error.message };
  return { code: 'internal-error', message: String((error as Error)?.message ?? error) };
}
