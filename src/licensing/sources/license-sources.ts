import { setTimeout as sleep } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { SERVICE_CONFIG, type ServiceConfig } from '../../config/service-config.js';
import { ClockWatch } from '../../clock/clock-watch.js';
import { type Clock, CLOCK, toSeconds } from '../../domain/clock.js';
import { LICENSE_SOURCES, type LicenseSource } from '../../domain/license/license-choice.js';
import type { AuthenticatedLicense } from '../../domain/license/license-token.js';
import { withoutSurroundings } from '../../domain/token/malformed-token.js';
import type { Sighting, Span } from '../../domain/license/source-memory.js';
import { IssuerKeys } from '../../issuer/issuer-keys.js';
import type { LocalSource } from '../../snapshot/snapshot.js';
import { Metrics } from '../../metrics/metrics.js';
import { SnapshotService } from '../../snapshot/snapshot.service.js';
import { readLicenseFile } from './license-file.js';
import { LicenseReader } from '../license/license-reader.js';
import { LocalLicense } from './local-license.js';
import { LocalLicenseVerifier } from './local-license-verifier.js';
import { reportSources, SOURCE_STATES, type SourceReport } from '../license/source-report.js';

/** How often the file is read, milliseconds. Reading it whole is what sees every way of replacing it. */
const LOOK_MS = 1_000;
/** How long the start and the end wait for a look, milliseconds: a file system or an issuer can hang. */
const MAX_WAIT_MS = 3_000;

/**
 * The licenses outside of the database: a file (`LICENSE_PATH`), read again every second, and a text (`LICENSE_TEXT`).
 * They are verified like uploads and put into the snapshot; of all sources the freshest valid license counts, and
 * the log says when one does not.
 */
@Injectable()
export class LicenseSources implements BeforeApplicationShutdown {
  readonly #logger = new Logger(LicenseSources.name);
  readonly #local: readonly LocalLicense[];
  #shown: readonly LocalSource[] = [];
  #looking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Monotonic milliseconds. */
  #lookedAt: number | undefined;
  #stopped = false;
  /** What the log was told last of each source, so that it has a line for each change and not for each look. */
  readonly #told = new Map<LicenseSource, string>();

  constructor(
    @Inject(SERVICE_CONFIG) { sources: { path, text } }: ServiceConfig,
    keys: IssuerKeys,
    verifier: LocalLicenseVerifier,
    private readonly reader: LicenseReader,
    private readonly snapshots: SnapshotService,
    metrics: Metrics,
    private readonly watch: ClockWatch,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    metrics.gauge(
      'licentia_license_source',
      'Whether a source holds a license of this state: 1 if so, else 0.',
      { source: LICENSE_SOURCES, state: SOURCE_STATES },
      ({ source, state }) =>
        this.reports().some((report) => report.source === source && report.state === state) ? 1 : 0,
    );
    // Editors and shells put these around a token; the verifier stays as strict as it is for uploads.
    const local = (source: LocalSource['source'], read: () => Promise<string>) =>
      new LocalLicense(source, async () => withoutSurroundings(await read()), verifier, clock);
    this.#local = [
      ...(path === undefined ? [] : [local('file', () => readLicenseFile(path))]),
      ...(text === undefined ? [] : [local('text', async () => text)]),
    ];
    keys.onChange(() => this.#local.forEach((license) => license.tryAgain()));
  }

  /** Looks at every source, and goes on doing so. What hangs does not keep the service from starting. */
  async start(): Promise<void> {
    if (this.#local.length === 0 || this.#timer !== undefined) return;
    await Promise.race([this.#lookOnce(), sleep(MAX_WAIT_MS, undefined, { ref: false })]);
    this.#schedule();
  }

  /** Looks at once, with keys that may be new, and waits for it. @returns the {@link reports} afterwards */
  async lookNow(): Promise<SourceReport[]> {
    // A look under way may have read the file before it was asked for this one.
    await this.#looking;
    await this.#lookOnce();
    return this.reports();
  }

  /** Reports every license of every source, the active one first. */
  reports(): SourceReport[] {
    const snapshot = this.snapshots.current;
    return snapshot === undefined
      ? []
      : reportSources(snapshot, this.reader.ranked(snapshot), this.reader.waiting(snapshot));
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await Promise.race([this.#looking, sleep(MAX_WAIT_MS, undefined, { ref: false })]);
  }

  async #lookOnce(): Promise<void> {
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async #look(): Promise<void> {
    await Promise.all(this.#local.map((license) => license.look()));
    const sinceLook = this.#timeSinceLook();
    const shown = this.#local.map((license) =>
      license.state((found, when) => this.#sightingOf(found, when === 'now' ? 0 : sinceLook)),
    );
    if (!areSame(shown, this.#shown)) {
      this.#shown = shown;
      this.snapshots.setLocal(shown);
    }
    this.#tell();
  }

  /** Seconds, as long as it truly was: a clock that was set makes no more of it. */
  #timeSinceLook(): number {
    const monotonic = this.clock.monotonic();
    const now = this.clock.now();
    const before = now - (monotonic - (this.#lookedAt ?? monotonic));
    this.#lookedAt = monotonic;
    return toSeconds(now) - toSeconds(before);
  }

  #sightingOf(license: AuthenticatedLicense, seconds: number): Sighting {
    const spanTo = (until: number): Span => ({ from: until - seconds, until });
    const isKnown = this.snapshots.current !== undefined;
    return this.reader.sightingOf(license, {
      wall: spanTo(this.reader.now()),
      earliest: isKnown ? spanTo(this.watch.earliest) : undefined,
    });
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.#lookOnce().finally(() => this.#schedule()), LOOK_MS);
    this.#timer.unref();
  }

  #tell(): void {
    const reports = this.reports();
    for (const source of LICENSE_SOURCES) {
      const lines = reports.filter((report) => report.source === source).map(lineOf);
      const text = JSON.stringify(lines);
      if (this.#told.get(source) === text) continue;
      this.#told.set(source, text);
      for (const line of lines) {
        if (line.state === 'used' || line.state === 'waiting') this.#logger.log(line);
        else this.#logger.warn(line);
      }
    }
  }
}

const MESSAGES = {
  used: 'the license of this source counts',
  stale: 'the license of this source is stale: a fresher one counts',
  invalid: 'the license of this source is not valid',
  waiting: 'the license of this source waits for its term',
  broken: 'this source has no usable license: what it said before stays',
} as const;

function lineOf({ source, state, code, reason, judged }: SourceReport) {
  const { lid, jti, iat, exp } = judged?.license.claims ?? {};
  return { msg: MESSAGES[state], source, state, code, reason, lid, jti, iat, exp };
}

function areSame(a: readonly LocalSource[], b: readonly LocalSource[]): boolean {
  const same = (one: LocalSource, other: LocalSource | undefined) =>
    one.fault?.message === other?.fault?.message &&
    one.licenses.length === other?.licenses.length &&
    one.licenses.every((license, index) => license === other.licenses[index]);
  return a.length === b.length && a.every((one, index) => same(one, b[index]));
}
