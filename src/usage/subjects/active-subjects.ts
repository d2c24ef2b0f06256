import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { KnownSubject } from '../../domain/usage/admission.js';

/** So many are remembered: those of whom something was heard last. */
const MAX_SUBJECTS = 100_000;

/** Who was recorded by this process, in memory: they get in also while the database is away. */
@Injectable()
export class ActiveSubjects {
  readonly #known = new LRUCache<string, KnownSubject>({ max: MAX_SUBJECTS });

  note(subject: string, known: KnownSubject): void {
    this.#known.set(subject, known);
  }

  find(subject: string): KnownSubject | undefined {
    return this.#known.get(subject);
  }

  forget(subject: string): void {
    this.#known.delete(subject);
  }
}
