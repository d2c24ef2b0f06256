import type { ServerResponse } from 'node:http';

/** A smaller answer costs no more than its connection. Bytes. */
const MIN_BYTES = 64 * 1024;
/** How much all clients together may leave unread of larger answers, bytes. */
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * The large answers that are not sent yet, as their clients read slowly or not at all. Where they become too many, the
 * oldest one is cut off of the caller who has the most: so a caller that reads nothing fills no memory.
 */
export class UnreadAnswers {
  /** The size of each answer, the oldest first. */
  readonly #byCaller = new Map<string, Map<ServerResponse, number>>();
  #bytes = 0;

  constructor(private readonly most = MAX_BYTES) {}

  /** Notes an answer that is sent now. */
  add(response: ServerResponse, caller: string, bytes: number): void {
    if (bytes < MIN_BYTES) return;
    const own = this.#byCaller.get(caller) ?? new Map<ServerResponse, number>();
    this.#byCaller.set(caller, own.set(response, bytes));
    this.#bytes += bytes;
    response.once('close', () => this.#forget(response, caller));
    while (this.#bytes > this.most && this.#cutOff(response));
  }

  /** @returns whether there was another one than `latest` */
  #cutOff(latest: ServerResponse): boolean {
    const sizes = [...this.#byCaller].map(([caller, own]) => ({ caller, own, bytes: sum(own.values()) }));
    const [largest] = sizes.sort((one, other) => other.bytes - one.bytes);
    const [oldest] = largest?.own.keys() ?? [];
    if (largest === undefined || oldest === undefined || oldest === latest) return false;
    this.#forget(oldest, largest.caller);
    oldest.destroy();
    return true;
  }

  #forget(response: ServerResponse, caller: string): void {
    const own = this.#byCaller.get(caller);
    this.#bytes -= own?.get(response) ?? 0;
    own?.delete(response);
    if (own?.size === 0) this.#byCaller.delete(caller);
  }
}

function sum(sizes: Iterable<number>): number {
  return [...sizes].reduce((total, size) => total + size, 0);
}
