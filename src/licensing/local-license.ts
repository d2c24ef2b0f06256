import type { Clock } from '../domain/clock.js';
import type { AuthenticatedLicense } from '../domain/license-token.js';
import { ServiceError } from '../domain/service-error.js';
import type { LocalSource } from '../snapshot/snapshot.js';
import { NamedFileError } from '../config/named-file.js';
import type { LocalLicenseVerifier } from './local-license.verifier.js';

/** How often a token that could not be verified is tried again without news of the keys, milliseconds. */
const RETRY_MS = 60_000;
/** How often a key that was stored is stored again, milliseconds: a restored database may lack it. */
const REMEMBER_AGAIN_MS = 60_000;

/**
 * One source outside of the database. What it says is verified once; a source that breaks or vanishes takes nothing
 * away: the last valid license that it said stays, until the source says another valid one or the process ends.
 */
export class LocalLicense {
  /** What it said last, whatever came of it. */
  #token: string | undefined;
  #license: AuthenticatedLicense | undefined;
  #lastValid: AuthenticatedLicense | undefined;
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
    try {
      const token = await this.read();
      if (this.#isDue(token)) await this.#take(token);
      const isDue = this.clock.monotonic() >= this.#rememberAt;
      if (this.#license !== undefined && isDue && (await this.verifier.remember(this.#license))) {
        this.#rememberAt = this.clock.monotonic() + REMEMBER_AGAIN_MS;
      }
    } catch (error) {
      this.#token = this.#license = undefined;
      this.#fault = faultOf(error);
    }
  }

  /** The issuer's keys were read anew: what they could not verify is tried again at the next look. */
  tryAgain(): void {
    this.#keysChanged = true;
  }

  /** @param isValid - whether a license is valid at this moment */
  state(isValid: (license: AuthenticatedLicense) => boolean): LocalSource {
    if (this.#license !== undefined && isValid(this.#license)) this.#lastValid = this.#license;
    const behind = this.#lastValid?.token === this.#license?.token ? undefined : this.#lastValid;
    const licenses = [this.#license, behind].filter((license) => license !== undefined);
    return { source: this.source, licenses, fault: this.#fault };
  }

  #isDue(token: string): boolean {
    const news = this.#keysChanged && (this.#license === undefined || this.verifier.pinned);
    return (
      token !== this.#token ||
      news ||
      (this.#license === undefined && this.clock.monotonic() >= this.#retryAt)
    );
  }

  async #take(token: string): Promise<void> {
    this.#token = token;
    this.#retryAt = this.clock.monotonic() + RETRY_MS;
    const keysChanged = this.#keysChanged;
    this.#keysChanged = false;
    try {
      const { license, remembered } = await this.verifier.verify(this.source, token);
      // The same object for the same token: who compares states sees no change.
      if (license.token !== this.#license?.token) this.#license = license;
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
    if (keysChanged && this.verifier.pinned) await this.#verifyLastAgain();
  }

  /** A key that the operator took out of his file counts no more, for what was said before neither. */
  async #verifyLastAgain(): Promise<void> {
    if (this.#lastValid === undefined || this.#lastValid === this.#license) return;
    await this.verifier.verify(this.source, this.#lastValid.token).catch(() => (this.#lastValid = undefined));
  }
}

function faultOf(error: unknown): LocalSource['fault'] {
  if (error instanceof NamedFileError) return { code: 'unreadable', message: error.message };
  if (error instanceof ServiceError) return { code: error.code, message: error.message };
  return { code: 'internal-error', message: String((error as Error)?.message ?? error) };
}
