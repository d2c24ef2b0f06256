import { checkChain, type ChainWords, type EntryFault } from '../hash-chain.js';
import type { JsonObject } from '../token/strict-json.js';
import { isoDay, parseDay } from './usage-window.js';

const WORDS: ChainWords = {
  entries: 'rows',
  position: 'day',
  positionOf: ({ day }) => (typeof day === 'string' ? parseDay(day) : undefined),
  nameOf: isoDay,
};

/** Checks the rows of an exported ledger. @param head - see {@link checkChain} */
export function checkLedger(rows: readonly JsonObject[], head?: string): EntryFault | undefined {
  return checkChain(rows, WORDS, head);
}
