import { appendFileSync } from 'node:fs';

/** Something that happened at the issuer. */
export interface JournalEntry {
  readonly event: 'started' | 'connection' | 'request' | 'issued' | 'rotated';
  /** Of the request's `Idempotency-Key`. */
  readonly attempt?: string | undefined;
  /** Name of the fault that it met; absent without one. */
  readonly fault?: string | undefined;
  readonly [more: string]: unknown;
}

/** How many entries are kept in memory. */
const MOST = 10_000;

/** What happened at the issuer, in its order: in memory, and in a file that is only ever appended to. */
export class Journal {
  readonly #entries: JournalEntry[] = [];

  constructor(private readonly path?: string) {}

  /** Written before it is answered: a kill -9 loses nothing that a client heard of. */
  note(entry: JournalEntry): void {
    const dated = { at: new Date().toISOString(), ...entry };
    this.#entries.push(dated);
    if (this.#entries.length > MOST) this.#entries.shift();
    if (this.path !== undefined) appendFileSync(this.path, `${JSON.stringify(dated)}\n`);
  }

  entries(event?: string): readonly JournalEntry[] {
    return event === undefined ? this.#entries : this.#entries.filter((entry) => entry.event === event);
  }
}
