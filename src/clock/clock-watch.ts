import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { type Clock, CLOCK, toSeconds } from '../domain/clock.js';
import { Metrics } from '../metrics/metrics.js';
import { Periodic } from './periodic.js';

/** Whose clock ours is compared with. */
const PEERS = ['database', 'issuer'] as const;

export type ClockPeer = (typeof PEERS)[number];

const LOOK_MS = 1_000;
/** The wall clock jumped when it gained or lost this much against the monotonic one between two looks, milliseconds. */
const JUMP_MS = 2_000;
/** For this long after a jump, the time without the jump may be right as well. Milliseconds. */
const SETTLE_MS = 600_000;
/** A difference that is worth a warning, milliseconds. An HTTP date has whole seconds alone. */
const NOTABLE_MS = { database: 2_000, issuer: 5_000 } as const;

/**
 * Watches the wall clock, on which every decision about licenses depends: its jumps, and its difference to the clocks
 * of the database and the issuer. It only warns; decisions take the time from {@link Clock}.
 */
@Injectable()
export class ClockWatch implements BeforeApplicationShutdown {
  readonly #logger = new Logger(ClockWatch.name);
  readonly #looks = new Periodic(LOOK_MS, () => this.look());
  readonly #jumped: (labels: { readonly direction: 'forward' | 'back' }) => void;
  /** Milliseconds that the peer's clock is ahead of ours. */
  readonly #skews = new Map<ClockPeer, number>();
  readonly #notable = new Set<ClockPeer>();
  /** The wall clock less the monotonic one, milliseconds: the same as long as nobody sets the clock. */
  #offset: number;
  /** The offsets before each jump, and until when they count, monotonic milliseconds. One a second at most. */
  #former: { readonly offset: number; readonly until: number }[] = [];

  constructor(
    metrics: Metrics,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.#offset = this.clock.now() - this.clock.monotonic();
    this.#jumped = metrics.counter(
      'licentia_clock_jumps_total',
      'Times that the wall clock was set by 2 seconds or more while the service ran, by direction.',
      { direction: ['forward', 'back'] },
    );
    metrics.gauge(
      'licentia_clock_skew_seconds',
      'How far the clock of a peer is ahead of ours; left out where it is not known.',
      { peer: PEERS },
      ({ peer }) => this.skew(peer),
    );
  }

  start(): void {
    this.#looks.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#looks.stop();
  }

  /**
   * The earliest moment that it may be, Unix seconds: for ten minutes after a jump it is unknown which of
   * the two times was wrong, so what cannot be taken back waits until the moment has come by both.
   */
  get earliest(): number {
    this.look();
    const offsets = this.#former.map(({ offset }) => offset);
    return toSeconds(this.clock.monotonic() + Math.min(this.#offset, ...offsets));
  }

  /** Seconds that a peer's clock is ahead of ours; undefined where it is not known. */
  skew(peer: ClockPeer): number | undefined {
    const skew = this.#skews.get(peer);
    return skew === undefined ? undefined : skew / 1000;
  }

  /** Whether a peer's clock is so far from ours that one of them is wrong. */
  isNotable(peer: ClockPeer): boolean {
    return this.#notable.has(peer);
  }

  /** Looks whether the wall clock was set since the last look. */
  look(): void {
    const before = this.#offset;
    const monotonic = this.clock.monotonic();
    this.#offset = this.clock.now() - monotonic;
    this.#former = this.#former.filter(({ until }) => until > monotonic);
    const jump = this.#offset - before;
    if (Math.abs(jump) < JUMP_MS) return;
    this.#former.push({ offset: before, until: monotonic + SETTLE_MS });
    this.#jumped({ direction: jump > 0 ? 'forward' : 'back' });
    this.#logger.warn({ msg: 'the clock was set', seconds: Math.round(jump / 100) / 10 });
  }

  /**
   * Takes note of what a peer says that the time is.
   * @param theirs - Unix milliseconds
   * @param asked - Unix milliseconds of our clock when it was asked; it answers now
   */
  compare(peer: ClockPeer, theirs: number, asked: number): void {
    const now = this.clock.now();
    const middle = (asked + now) / 2;
    // Latency and the rounding of dates are no fault of the clock.
    const doubt = (now - asked) / 2 + (peer === 'issuer' ? 1_000 : 0);
    const difference = theirs - middle;
    if (now < asked || !Number.isFinite(difference)) return;
    this.#skews.set(peer, difference);
    const isNotable = Math.abs(difference) - doubt > NOTABLE_MS[peer];
    if (isNotable === this.#notable.has(peer)) return;
    const seconds = Math.round(difference / 100) / 10;
    if (isNotable) {
      this.#notable.add(peer);
      this.#logger.warn({ msg: 'the clocks differ: one of them is wrong', peer, aheadBySeconds: seconds });
    } else {
      this.#notable.delete(peer);
      this.#logger.log({ msg: 'the clocks agree again', peer, aheadBySeconds: seconds });
    }
  }
}
