import { DAY } from './clock.js';

/**
 * Clocks that differ by more than this do not agree, seconds: a service takes no token whose `iat` lies
 * further ahead.
 */
const MAX_DIFFERENCE = 10;
/** A server's answer that may be off by more than this, seconds, proves nothing: it took more than two seconds. */
const MAX_DOUBT = 2;
/** Two clocks that a server confirms differ by no more than this, seconds. */
export const MAX_BETWEEN = 2 * (MAX_DIFFERENCE + MAX_DOUBT);
/** The longest pause after which a clock is believed without an operator, seconds. */
const MAX_PAUSE = 7 * DAY;
/** The same for a clock that was behind its last use meanwhile: that may have been by a clock that was ahead. */
const MAX_PAUSE_SET_BACK = DAY;

/**
 * A clock that was corrected by less, seconds, goes on: a wrong time zone is one hour, and what it signed is
 * soon in the past.
 */
const MAX_SET = 3600;

/** What is known of the time at one moment. All in Unix seconds. */
export interface ClockEvidence {
  /** What our wall clock says. */
  readonly now: number;
  /** What it would say without the jumps of the last minutes, if that is earlier. */
  readonly earliest: number;
  /** What the database server's clock says, and how far that answer may be off by its way, seconds. */
  readonly server?: { readonly now: number; readonly doubt: number } | undefined;
  /** The latest moment at which our clock was confirmed, as it is stored: an operator may have set it back. */
  readonly lastSeen?: number | undefined;
  /** Whether our clock was seen behind {@link lastSeen} since, and no operator has confirmed one of both times. */
  readonly wasSetBack?: boolean;
  /** What our clock should say by the time that passed since this process saw it confirmed. */
  readonly expected?: number | undefined;
  /**
   * What our clock would say had nobody set it since it was first confirmed after the start of this machine;
   * undefined where that is not known.
   */
  readonly unset?: number | undefined;
}

/**
 * Why our clock is not confirmed: it differs from the server's, which may have answered too slowly to tell;
 * it was set while the process ran, or since the machine started; it makes a leap since it was last used, or
 * it is behind its last use: one of the two moments is wrong, and no later one can be held against a last use
 * that lies ahead.
 */
export interface ClockDoubt {
  readonly kind: 'server' | 'slow' | 'jump' | 'set-ahead' | 'pause' | 'set-back';
  /** How far our clock is ahead of what it is held against, seconds; negative where it is behind. */
  readonly ahead: number;
}

/**
 * Whether something that cannot be taken back may be signed by our clock. Where a server's clock agrees, a
 * jump was a machine that slept. It may run on our machine and show the same wrong time, so it explains neither
 * a long pause nor a last use that lies ahead.
 */
export function clockDoubt({
  now,
  earliest,
  server,
  lastSeen,
  wasSetBack = false,
  expected = -Infinity,
  unset,
}: ClockEvidence): ClockDoubt | undefined {
  if (server !== undefined) {
    const ahead = now - server.now;
    if (server.doubt > MAX_DOUBT) return { kind: 'slow', ahead };
    if (Math.abs(ahead) - server.doubt > MAX_DIFFERENCE) return { kind: 'server', ahead };
  } else if (now - earliest > MAX_DIFFERENCE) return { kind: 'jump', ahead: now - earliest };
  if (lastSeen !== undefined) {
    const pause = now - Math.max(lastSeen, expected);
    if (pause > (wasSetBack ? MAX_PAUSE_SET_BACK : MAX_PAUSE)) return { kind: 'pause', ahead: pause };
    if (lastSeen - now > MAX_SET) return { kind: 'set-back', ahead: now - lastSeen };
  }
  if (server !== undefined) return undefined;
  if (unset !== undefined && now - unset > MAX_SET) return { kind: 'set-ahead', ahead: now - unset };
  return undefined;
}
