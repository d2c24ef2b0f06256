import { Inject, Injectable } from '@nestjs/common';
import { type Clock, CLOCK } from '../domain/clock.js';

/** Remembers when each token was used last, in memory: writing it down is not the request's work. */
@Injectable()
export class LastUses {
  #uses = new Map<number, number>();

  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  note(tokenId: number): void {
    this.#uses.set(tokenId, this.clock.now());
  }

  /** What was noted since the last call: Unix milliseconds by token. */
  drain(): ReadonlyMap<number, number> {
    const uses = this.#uses;
    this.#uses = new Map();
    return uses;
  }
}
