import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { ClockWatch } from '../../clock/clock-watch.js';
import { Periodic } from '../../clock/periodic.js';
import { type Clock, CLOCK } from '../../domain/clock.js';
import type { LicenseClaims } from '../../domain/license/license-claims.js';
import { ServiceError } from '../../domain/service-error.js';
import { SnapshotService } from '../../snapshot/snapshot.service.js';
import { LicenseMarkStore } from '../license/license-mark.store.js';
import { LicenseReader } from '../license/license-reader.js';

const LOOK_MS = 1_000;
/** A token whose expiry the database's clock does not confirm is asked about again after this long, milliseconds. */
const ASK_AGAIN_MS = 5_000;

/**
 * Writes down which tokens have expired, so that none becomes valid again by a clock that is set back. It
 * takes two: our own clock, with the earlier of its times when it jumped lately, and the database's. So a
 * clock that runs ahead for a while takes nothing away for good.
 */
@Injectable()
export class ExpiryMarker implements BeforeApplicationShutdown {
  readonly #logger = new Logger(ExpiryMarker.name);
  readonly #looks = new Periodic(LOOK_MS, () => this.look());
  /** When a token was asked about last, monotonic milliseconds. */
  readonly #asked = new Map<string, number>();

  constructor(
    private readonly reader: LicenseReader,
    private readonly marks: LicenseMarkStore,
    private readonly snapshots: SnapshotService,
    private readonly watch: ClockWatch,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  start(): void {
    this.#looks.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#looks.stop();
  }

  /** Looks once. Never rejects: what fails is in the log, and tried again. */
  async look(): Promise<void> {
    for (const claims of this.#expired()) {
      this.#asked.set(keyOf(claims), this.clock.monotonic());
      try {
        await this.#mark(claims);
      } catch (error) {
        if (error instanceof ServiceError && error.code === 'database.unavailable') return;
        this.#logger.error({ msg: 'that a license has expired could not be written down', err: error });
      }
    }
  }

  async #mark(claims: LicenseClaims): Promise<void> {
    const marked = await this.snapshots.change(async (manager) => {
      const isMarked = await this.marks.mark(manager, claims, endOf(claims));
      return { changed: isMarked && 'license', value: isMarked };
    });
    const { lid, jti, exp, lexp } = claims;
    if (!marked) return;
    this.#asked.delete(keyOf(claims));
    this.#logger.warn({ msg: 'a license has expired', lid, jti, exp, lexp });
  }

  /** Of every license, what has expired by a clock that is to be believed, and is not written down. */
  #expired(): LicenseClaims[] {
    const snapshot = this.snapshots.current;
    if (snapshot === undefined) return [];
    const { earliest } = this.watch;
    const { marks } = snapshot.license;
    const monotonic = this.clock.monotonic();
    return this.reader
      .licensesOf(snapshot)
      .map(({ claims }) => claims)
      .filter((claims) => endOf(claims) <= earliest && (marks.find(claims) ?? -Infinity) < endOf(claims))
      .filter((claims) => monotonic - (this.#asked.get(keyOf(claims)) ?? -Infinity) >= ASK_AGAIN_MS);
  }
}

/** When the token can not be used any more, Unix seconds. */
function endOf({ exp, lexp }: LicenseClaims): number {
  return Math.min(exp, lexp);
}

function keyOf({ iss, lid, jti }: LicenseClaims): string {
  return JSON.stringify([iss, lid, jti]);
}
