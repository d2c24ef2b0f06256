import { Injectable } from '@nestjs/common';
import { RenewalRefused } from './renewal-refused.js';

/** So many renewals of one license are under way or wait, in this process. */
const MAX_PER_LICENSE = 32;
/** And so many of them with the same token, so that one that is in many hands leaves room for the others. */
const MAX_PER_TOKEN = 8;

interface Line {
  /** Ends when the last one in the line has had its turn. */
  last: Promise<void>;
  readonly tokens: Map<string, number>;
  length: number;
}

/**
 * Lets the renewals of one license take turns before they take a connection to the database: they would wait for its row there, and
 * keep the renewals of other licenses waiting with them.
 */
@Injectable()
export class RenewalSlots {
  readonly #lines = new Map<string, Line>();

  /**
   * Does some work for a license when the work before it is done.
   * @param jti - of the token that was shown
   * @throws RenewalRefused `too_many_requests` at once, where the line is too long; what `work` throws
   */
  async run<T>(lid: string, jti: string, work: () => Promise<T>): Promise<T> {
    const line = this.#lines.get(lid) ?? {
      last: Promise.resolve(),
      tokens: new Map<string, number>(),
      length: 0,
    };
    const same = line.tokens.get(jti) ?? 0;
    if (line.length >= MAX_PER_LICENSE || same >= MAX_PER_TOKEN)
      throw new RenewalRefused('too_many_requests');
    this.#lines.set(lid, line);
    line.length += 1;
    line.tokens.set(jti, same + 1);
    const turn = line.last.then(work);
    line.last = turn.then(
      () => undefined,
      () => undefined,
    );
    return turn.finally(() => this.#leave(lid, line, jti));
  }

  #leave(lid: string, line: Line, jti: string): void {
    line.length -= 1;
    const left = (line.tokens.get(jti) ?? 1) - 1;
    if (left === 0) line.tokens.delete(jti);
    else line.tokens.set(jti, left);
    if (line.length === 0) this.#lines.delete(lid);
  }
}
