import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { SERVICE_CONFIG, type ServiceConfig } from '../config/service-config.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import {
  describeSkippedKey,
  type KeySet,
  printableKid,
  readKeySet,
  type SkippedKey,
} from '../domain/token/key-set.js';
import { ServiceError } from '../domain/service-error.js';
import type { JsonObject } from '../domain/token/strict-json.js';
import { Metrics } from '../metrics/metrics.js';
import { badResponse, type FailureClass, IssuerCallError } from './issuer-call-error.js';
import { IssuerHttp } from './issuer-http.js';
import { type FetchedKeySet, fetchKeySet, loadKeySetFile } from './key-set-source.js';
import { type KeySetFigures, KeySetMetrics } from './key-set-metrics.js';
import { COOL_DOWN_MS, KEPT_MS, nextFetchMs } from './key-set-times.js';
import { KeySetStore } from './key-set.store.js';

interface CurrentKeySet {
  readonly keys: KeySet;
  /** Wall time, Unix milliseconds, as the next. */
  readonly fetchedAt: number;
  readonly freshUntil: number;
}

/**
 * The issuer's keys: fetched in the background, kept when the issuer is away, over restarts too. A token with a
 * `kid` that nobody knows asks once; ten thousand of them ask once in 30 seconds.
 */
@Injectable()
export class IssuerKeys implements BeforeApplicationShutdown {
  readonly #logger = new Logger(IssuerKeys.name);
  #current: CurrentKeySet | undefined;
  /** Of the set that was read last, also when none of its keys could be used and the one before stays. */
  #skipped: readonly SkippedKey[] = [];
  readonly #listeners: (() => void)[] = [];
  #fetching: Promise<void> | undefined;
  /** Monotonic milliseconds of the last fetch for an unknown `kid`, successful or not. */
  #lastAsked = -Infinity;
  #failures = 0;
  /** What kept the keys from being fetched the last time. */
  #lastFailure: FailureClass = 'configuration';
  /** The same as a sentence. */
  #failure: string | undefined;
  readonly #metrics: KeySetMetrics;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(
    private readonly http: IssuerHttp,
    private readonly store: KeySetStore,
    @Inject(SERVICE_CONFIG) private readonly config: ServiceConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    metrics: Metrics,
  ) {
    this.#metrics = new KeySetMetrics(metrics, () => this.#figures());
  }

  /** Whether the operator named the keys in a file: then nothing else is believed, also not the database. */
  get pinned(): boolean {
    return this.config.issuer.keys.kind === 'file';
  }

  /** Names who is told when keys were read that may differ from the ones before. */
  onChange(changed: () => void): void {
    this.#listeners.push(changed);
  }

  /** Takes up the saved set and starts to follow the source. Never throws: without keys it tries again. */
  async start(): Promise<void> {
    await this.#restore();
    void this.#refresh();
  }

  /**
   * The keys to verify a token with that names this `kid`.
   * @throws ServiceError `issuer.unavailable` when no set was ever loaded, or the last is too old
   */
  async forKid(kid: string): Promise<KeySet> {
    await this.#seek(kid);
    const keys = this.#usable();
    if (keys !== undefined) return keys;
    throw new IssuerCallError(
      'issuer.unavailable',
      this.#lastFailure,
      "The issuer's keys are not known: the token cannot be verified.",
      {
        cause: new Error('no key set is loaded'),
        retryAfter: COOL_DOWN_MS / 1000,
      },
    );
  }

  /** The keys in memory, without I/O: for callers that must not wait. */
  get known(): KeySet | undefined {
    return this.#usable();
  }

  /** Fetches the keys at once, because an operator asks for it. @returns what is known now, and why not more */
  async fetchNow(): Promise<{ readonly usable: number; readonly failure: string | undefined }> {
    // A fetch under way may have begun before the source was changed.
    await this.#fetching;
    await this.#refresh();
    return { usable: this.#usable()?.size ?? 0, failure: this.#failures > 0 ? this.#failure : undefined };
  }

  beforeApplicationShutdown(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #usable(): KeySet | undefined {
    const current = this.#current;
    // A file is the operator's own word: it does not grow old when it cannot be read for a while.
    const good = current !== undefined && (this.pinned || this.clock.now() <= current.freshUntil + KEPT_MS);
    return good ? current.keys : undefined;
  }

  /** Fetches once more for a `kid` that is not known, unless one was fetched for lately. */
  async #seek(kid: string): Promise<void> {
    const missing = () => this.#usable()?.find(kid) === undefined;
    // The fetch under way may have begun before the key was published: it does not count as asking.
    if (!missing()) return;
    await this.#fetching;
    if (!missing()) return this.#metrics.sought('joined');
    if (this.clock.monotonic() - this.#lastAsked < COOL_DOWN_MS) {
      this.#metrics.sought(this.#fetching === undefined ? 'suppressed' : 'joined');
      return this.#fetching;
    }
    this.#lastAsked = this.clock.monotonic();
    this.#metrics.sought('fetched');
    await this.#refresh();
  }

  /** One fetch at a time; other callers wait for it. Never throws. */
  async #refresh(): Promise<void> {
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = undefined;
      this.#schedule();
    });
    return this.#fetching;
  }

  async #fetch(): Promise<void> {
    const { keys: source } = this.config.issuer;
    if (source.kind === 'none') return;
    try {
      const fetched =
        source.kind === 'file' ? await loadKeySetFile(source.path) : await fetchKeySet(this.http, source.url);
      this.#noteSkipped(fetched.keys);
      // An issuer without one usable key is a broken issuer: the last good set is worth more.
      if (fetched.keys.size === 0) throw badResponse(new Error('the key set has no usable key'));
      this.#failures = 0;
      this.#hold(fetched);
      this.#metrics.fetched();
      if (source.kind === 'url' && !this.#stopped) await this.#save(source.url, fetched);
    } catch (error) {
      this.#failures += 1;
      const failureClass = error instanceof IssuerCallError ? error.failureClass : 'configuration';
      // While no call is made, the reason is still that of the last call.
      if (failureClass !== 'paused') this.#lastFailure = failureClass;
      this.#metrics.failed(error);
      const cause = error instanceof ServiceError ? error.cause : error;
      this.#failure = String((cause as Error | undefined)?.message ?? error);
      this.#logger.warn({
        msg: "the issuer's keys could not be fetched: the last good ones stay",
        err: cause,
      });
    }
  }

  #hold({ keys, maxAge }: FetchedKeySet): void {
    const fetchedAt = this.clock.now();
    this.#current = { keys, fetchedAt, freshUntil: fetchedAt + maxAge * 1000 };
    for (const changed of this.#listeners) changed();
  }

  /** Names each skipped key in the log, once: a set is read again every few minutes. */
  #noteSkipped({ skipped }: KeySet): void {
    const before = new Set(this.#skipped.map(describeSkippedKey));
    this.#skipped = skipped;
    for (const one of skipped) {
      const msg = describeSkippedKey(one);
      if (before.has(msg)) continue;
      this.#logger.warn({
        msg: `the issuer's ${msg}`,
        kid: one.kid && printableKid(one.kid),
        reason: one.reason,
      });
    }
  }

  async #save(url: URL, { keys, maxAge }: FetchedKeySet): Promise<void> {
    const now = this.clock.now();
    await this.store
      .save(url.href, jwksOf(keys), new Date(now), new Date(now + maxAge * 1000))
      .catch((error: unknown) =>
        this.#logger.warn({ msg: "the issuer's keys could not be saved", err: error }),
      );
  }

  async #restore(): Promise<void> {
    const { keys: source } = this.config.issuer;
    if (source.kind !== 'url' || this.#current !== undefined) return;
    try {
      const saved = await this.store.load(source.url.href);
      if (saved === null) return;
      // Saved by a clock that was ahead, it must not count as fresh for longer than any set can.
      const now = this.clock.now();
      const freshUntil = Math.min(saved.freshUntil.getTime(), now + KEPT_MS);
      const fetchedAt = Math.min(saved.fetchedAt.getTime(), now);
      const keys = await readKeySet(saved.keys);
      this.#noteSkipped(keys);
      // A release can be stricter than the one that saved them.
      if (keys.size > 0) this.#current = { keys, fetchedAt, freshUntil };
    } catch (error) {
      this.#logger.warn({ msg: "the issuer's saved keys could not be read", err: error });
    }
  }

  #figures(): KeySetFigures {
    const skipped = this.#skipped.length;
    if (this.#current === undefined) return { usable: 0, skipped, age: undefined, remaining: undefined };
    const { keys, fetchedAt, freshUntil } = this.#current;
    const now = this.clock.now();
    return {
      usable: keys.size,
      skipped,
      age: Math.max(0, now - fetchedAt) / 1000,
      remaining: this.pinned ? Infinity : (freshUntil + KEPT_MS - now) / 1000,
    };
  }

  #schedule(): void {
    if (this.#stopped || this.config.issuer.keys.kind === 'none') return;
    clearTimeout(this.#timer);
    const freshMs = this.#current === undefined ? undefined : this.#current.freshUntil - this.clock.now();
    this.#timer = setTimeout(() => void this.#refresh(), nextFetchMs(freshMs, this.#failures));
    this.#timer.unref();
  }
}

function jwksOf(keys: KeySet): JsonObject {
  return { keys: keys.kids.map((kid) => ({ ...keys.find(kid)?.jwk })) };
}
