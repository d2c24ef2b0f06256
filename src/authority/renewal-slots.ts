import { Injectable } from '@nestjs/common';
import { RenewalRefused } from './renewal-refused.js';

/** So many renewals of one license are under way or wait, in this process. */
const MAX_PER_LICENSE = 32;
/** And so many of them with the same token, so that one token leaves room for the others. */
const MAX_PER_TOKEN = 8;

/** The token that a renewal shows. */
export interface ShownToken {
  readonly jti: string;
  /** Unix seconds. */
  readonly iat: number;
}

interface Waiting {
  readonly shown: ShownToken;
  /** Its turn has come. */
  readonly admit: () => void;
  readonly refuse: (error: RenewalRefused) => void;
}

interface Line {
  readonly running: ShownToken;
  readonly waiting: Waiting[];
}

/**
 * Lets the renewals of one license take turns before they take a connection to the database: they would wait for its row there, and
 * keep the renewals of other licenses waiting with them. In a full line a newer token takes the place of the oldest one, so
 * that old tokens, however many, cannot keep out the instance that holds the newest.
 */
@Injectable()
export class RenewalSlots {
  readonly #lines = new Map<string, Line>();

  /**
   * Does some work for a license when the work before it is done.
   * @throws RenewalRefused `too_many_requests`, where the line is too long; what `work` throws
   */
  async run<T>(lid: string, shown: ShownToken, work: () => Promise<T>): Promise<T> {
    await this.#turn(lid, shown);
    try {
      return await work();
    } finally {
      this.#next(lid);
    }
  }

  async #turn(lid: string, shown: ShownToken): Promise<void> {
    const line = this.#lines.get(lid);
    if (line === undefined) {
      this.#lines.set(lid, { running: shown, waiting: [] });
      return;
    }
    makeRoom(line, shown);
    await new Promise<void>((admit, refuse) => line.waiting.push({ shown, admit, refuse }));
  }

  #next(lid: string): void {
    const [next, ...waiting] = this.#lines.get(lid)?.waiting ?? [];
    if (next === undefined) {
      this.#lines.delete(lid);
      return;
    }
    this.#lines.set(lid, { running: next.shown, waiting });
    next.admit();
  }
}

/** @throws RenewalRefused where there is none for this token */
function makeRoom({ running, waiting }: Line, { jti, iat }: ShownToken): void {
  const same = [running, ...waiting.map(({ shown }) => shown)].filter((shown) => shown.jti === jti);
  if (same.length >= MAX_PER_TOKEN) throw new RenewalRefused('too_many_requests');
  if (waiting.length + 1 < MAX_PER_LICENSE) return;
  // The last one of the oldest: among equals, those who came first keep their places.
  const oldest = Math.min(...waiting.map(({ shown }) => shown.iat));
  if (oldest >= iat) throw new RenewalRefused('too_many_requests');
  const [displaced] = waiting.splice(
    waiting.findLastIndex(({ shown }) => shown.iat === oldest),
    1,
  );
  displaced?.refuse(new RenewalRefused('too_many_requests'));
}
