import { createHash } from 'node:crypto';
import { canonicalJson, type JsonObject } from './token/strict-json.js';

/** What the first entry of a chain has in the place of a hash. */
export const CHAIN_START = '0'.repeat(64);

/** An entry as it is kept: its text is what was hashed. */
export interface SealedEntry {
  /** Canonical JSON (RFC 8785 for what occurs here), with the hash of the entry before as `prev`. */
  readonly content: string;
  /** SHA-256 of the content, 64 hexadecimal digits. */
  readonly hash: string;
}

/** Adds an entry to a chain. @param prev - the hash of the entry before, or {@link CHAIN_START} */
export function sealEntry(entry: JsonObject, prev: string): SealedEntry {
  const content = canonicalJson({ ...entry, prev });
  return { content, hash: hashOf(content) };
}

/** Why an entry does not belong where it is. */
export type ChainFault =
  /** Its hash is not that of what it says: it was changed. */
  | 'changed'
  /** It does not follow the entry before it: entries between them are missing, or one of them does not belong there. */
  | 'not-a-successor';

/**
 * Looks for the first fault in a chain.
 *
 * @param entries - with `prev` and `hash`, in their order
 * @param prev - the hash that the first one has to follow; any one unless given
 * @returns the index of the entry that is wrong; undefined where none is
 */
export function findChainFault(
  entries: Iterable<JsonObject>,
  prev?: string,
): { readonly index: number; readonly fault: ChainFault } | undefined {
  let expected = prev;
  let index = 0;
  for (const { hash, ...entry } of entries) {
    if (hash !== hashOf(canonicalJson(entry))) return { index, fault: 'changed' };
    if (expected !== undefined && entry.prev !== expected) return { index, fault: 'not-a-successor' };
    expected = hash;
    index += 1;
  }
  return undefined;
}

/** How the entries of a chain are counted and called. */
export interface ChainWords {
  /** Several of them: `rows`. */
  readonly entries: string;
  /** What numbers them without a gap: `day`. */
  readonly position: string;
  readonly positionOf: (entry: JsonObject) => number | undefined;
  readonly nameOf: (position: number) => string;
}

/** What is wrong with a chain, at the first entry that is wrong. */
export interface EntryFault {
  /** From 0. */
  readonly index: number;
  readonly message: string;
}

/**
 * Checks the entries of an export: each one's hash, that it follows the one before, and that none is missing.
 *
 * @param head - the hash that the last one has to have, where another source says it; entries that were cut off at
 *   the end, and a chain that was made anew, are found by this alone
 */
export function checkChain(
  entries: readonly JsonObject[],
  words: ChainWords,
  head?: string,
): EntryFault | undefined {
  const chain = findChainFault(entries);
  const positions = entries.map(words.positionOf);
  for (const [index, position] of positions.entries()) {
    const before = positions[index - 1];
    const isChanged = chain?.index === index && chain.fault === 'changed';
    // An entry whose predecessor is gone may have been given another one's hash as `prev`.
    const isGap = position !== undefined && before !== undefined && position > before + 1;
    if (isChanged && !isGap)
      return { index, message: 'it was changed: its hash is not that of what it says' };
    if (position === undefined) return { index, message: `its ${words.position} is none` };
    if (before === undefined) continue;
    if (isGap) {
      const missing = `${words.nameOf(before + 1)} to ${words.nameOf(position - 1)}`;
      const changed = isChanged ? ', or it was changed' : '';
      const isBetween = (other = NaN) => other > before && other < position;
      const place = positions.slice(index + 1).some(isBetween)
        ? 'come after it: they were swapped or moved'
        : 'before it are missing';
      return { index, message: `the ${words.entries} of ${missing} ${place}${changed}` };
    }
    if (position <= before)
      return { index, message: 'it is out of order: it was inserted, or two were swapped' };
    if (chain?.index === index)
      return { index, message: 'it does not follow the one before it: one of the two was replaced' };
  }
  const last = entries.at(-1)?.hash ?? CHAIN_START;
  if (head !== undefined && last !== head)
    return {
      index: entries.length,
      message: `the end does not have the hash of --head: ${words.entries} are missing here, or all were made anew`,
    };
  return undefined;
}

function hashOf(content: string): string {
  return createHash('sha256').update(content).digest('hex');
}
