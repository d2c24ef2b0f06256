/** So long the time without a step may be right as well, monotonic milliseconds. */
const WINDOW_MS = 600_000;
/** Offsets of so long a time are kept as one, their lowest: 61 of them at most. */
const BUCKET_MS = 10_000;

/**
 * How far a wall clock was set ahead within ten minutes, also in steps each of which is too small to be a jump: the
 * monotonic clock knows nothing of them.
 */
export class LowestOffset {
  /** The wall clock less the monotonic one, the oldest first. */
  #buckets: { readonly since: number; offset: number }[] = [];

  /**
   * @param wall - Unix milliseconds
   * @param monotonic - milliseconds of the same moment
   * @returns the earliest moment that it may be, Unix milliseconds
   */
  earliest(wall: number, monotonic: number): number {
    const offset = wall - monotonic;
    this.#buckets = this.#buckets.filter(({ since }) => since > monotonic - WINDOW_MS);
    const last = this.#buckets.at(-1);
    if (last !== undefined && monotonic - last.since < BUCKET_MS) last.offset = Math.min(last.offset, offset);
    else this.#buckets.push({ since: monotonic, offset });
    return monotonic + Math.min(...this.#buckets.map((bucket) => bucket.offset));
  }
}
