import { checkChain, type ChainWords, type EntryFault } from './hash-chain.js';
import { isSealSigned } from './audit-seal.js';
import type { JsonObject } from './token/strict-json.js';

const WORDS: ChainWords = {
  entries: 'records',
  position: 'number',
  positionOf: ({ number }) => (Number.isSafeInteger(number) ? (number as number) : undefined),
  nameOf: String,
};

/** What an exported audit log must agree with. */
export interface AuditExpectation {
  /** The keys that may have signed, base64url; any unless given. */
  readonly keys?: readonly string[];
  /** The hash of its last seal, where another source says it: records cut off at the end are found by this alone. */
  readonly head?: string;
}

/** Looks for the first record that was changed, removed, inserted or swapped, or that no signed seal covers. */
export function checkAudit(
  lines: readonly JsonObject[],
  { keys, head }: AuditExpectation = {},
): EntryFault | undefined {
  const entries = lines.map((line) => (isSeal(line) ? withoutSignature(line) : line));
  const chain = checkChain(entries, WORDS, head);
  const firstSeal = lines.findIndex(isSeal);
  for (const [index, line] of lines.entries()) {
    if (chain !== undefined && chain.index <= index)
      return { index: chain.index, message: explained(chain, lines) };
    if (!isSeal(line)) continue;
    const { hash, key, signature } = line;
    if (keys !== undefined && !keys.some((known) => known === key))
      return { index, message: 'this seal is signed by another key than those of --key' };
    if (!isSealSigned(hash, key, signature))
      return {
        index,
        message: `the signature of this seal is wrong: the records from ${JSON.stringify(line.first)} on were made anew`,
      };
    // A file begins with a whole segment, and the seal says where that begins.
    if (index === firstSeal && line.first !== lines[0]?.number) return { index: 0, message: cutOff(line) };
  }
  if (chain !== undefined) return chain;
  const covered = lines.findLastIndex(isSeal) + 1;
  if (covered < lines.length)
    return { index: covered, message: 'no seal follows: it was added, or the end is missing' };
  return undefined;
}

/** Whole segments are missing also where two exports were joined, and the retention deleted them meanwhile. */
function explained({ index, message }: EntryFault, lines: readonly JsonObject[]): string {
  const [before, line] = [lines[index - 1], lines[index]];
  const [from, to] = [Number(before?.number) + 1, Number(line?.number)];
  const isAfterGap = from < to && !lines.some(({ number }) => Number(number) >= from && Number(number) < to);
  const next = lines.slice(index).find(isSeal);
  if (!isAfterGap || before === undefined || !isSeal(before) || next?.first !== line?.number) return message;
  return `${message}: whole segments. Where two exports were joined, the retention may have deleted them in between: export all of it again, at once`;
}

function cutOff({ first, number }: JsonObject): string {
  return `the segment that ends with ${JSON.stringify(number)} begins with ${JSON.stringify(first)}: what comes before this one was removed`;
}

/** Whether a line closes a segment. */
export function isSeal({ seal }: JsonObject): boolean {
  return seal === true;
}

function withoutSignature({ key: _, signature: __, ...entry }: JsonObject): JsonObject {
  return entry;
}
