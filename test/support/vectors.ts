import { readdirSync, readFileSync } from 'node:fs';

/** One line of the published vectors; vectors/README.md says what each member is. */
export interface Vector {
  readonly id: string;
  readonly case: string;
  readonly alg: string;
  readonly comment: string;
  /** Unix seconds. */
  readonly now: number;
  readonly verdict: 'accept' | 'reject';
  readonly code: string | null;
  readonly flags: readonly string[];
  readonly token: string;
}

export interface VectorFile {
  readonly class: string;
  readonly title: string;
  readonly count: number;
  readonly vectors: readonly Vector[];
}

/** What the vectors are judged for; `stored` is an old, good token of the same license. */
export interface VectorInstance {
  readonly issuer: string;
  readonly rootUrl: string;
  readonly products: readonly string[];
  readonly stored: string;
}

const DIRECTORY = new URL('../../vectors/', import.meta.url);

/** A file below `vectors/`. */
export const readVectors = (name: string): string => readFileSync(new URL(name, DIRECTORY), 'utf8');

export const vectorInstance = JSON.parse(readVectors('instance.json')) as VectorInstance;

export const vectorFiles: readonly VectorFile[] = readdirSync(new URL('tokens/', DIRECTORY))
  .sort()
  .map((name) => JSON.parse(readVectors(`tokens/${name}`)) as VectorFile);
