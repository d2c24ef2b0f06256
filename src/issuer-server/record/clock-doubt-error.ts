import { DAY, isoTime } from '../../domain/clock.js';
import type { ClockDoubt } from '../../domain/clock-doubt.js';

/** Nothing is signed, because nothing confirms this machine's clock. The message is for the operator. */
export class ClockDoubtError extends Error {
  override readonly name = 'ClockDoubtError';

  /** @param now - what our clock says, Unix seconds */
  constructor({ kind, ahead }: ClockDoubt, now: number) {
    super(SENTENCES[kind](isoTime(now), lengthOf(ahead), ahead < 0));
  }
}

const SENTENCES: Record<ClockDoubt['kind'], (now: string, difference: string, isBehind: boolean) => string> =
  {
    server: (now, difference, isBehind) =>
      `This machine's clock says ${now}, which is ${difference} ${isBehind ? 'behind' : 'ahead of'} the database server's: one of ` +
      'them is wrong. Set it right: nothing is signed until they agree.',
    slow: (now) =>
      `The database server took more than two seconds to tell its time, so this machine's clock, which says ${now}, cannot be compared ` +
      'with it: nothing is signed until the server answers sooner.',
    jump: (now, difference) =>
      `This machine's clock was set ahead by ${difference} while the issuer ran, to ${now}: it was wrong before, or is wrong now. ` +
      "Nothing is signed for ten minutes, until it is set back, or until an operator confirms it. If it is right, run the issuer's command " +
      '"confirm-clock"; else set it right.',
    'set-ahead': (now, difference) =>
      `This machine's clock says ${now}, and was set ahead by ${difference} since the machine started: nothing is signed until it is set ` +
      'back, or an operator confirms it. If it is right, run the issuer\'s command "confirm-clock"; else set it right.',
    pause: (now, difference) =>
      `This machine's clock says ${now}, and the issuer was last used ${difference} before that: nothing is signed until an ` +
      'operator confirms the clock. If it is right, run the issuer\'s command "confirm-clock"; else set it right.',
    'set-back': (now, difference) =>
      `This machine's clock says ${now}, and the issuer was last used ${difference} after that: the clock was ahead then, or is behind ` +
      'now. Nothing is signed until an operator confirms the clock. If it is right, run the issuer\'s command "confirm-clock"; else set ' +
      'it right.',
  };

/** @param seconds - of either sign */
export function lengthOf(seconds: number): string {
  const length = Math.round(Math.abs(seconds));
  if (length < 600) return `${length} s`;
  if (length < 48 * 3600) return `${Math.round(length / 60)} minutes`;
  return `${Math.round(length / DAY)} days`;
}
