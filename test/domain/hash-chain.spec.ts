import { CHAIN_START, findChainFault, sealEntry } from '../../src/domain/hash-chain.js';
import type { JsonObject } from '../../src/domain/token/strict-json.js';

/** A chain of these entries, with their hashes. */
function chain(...entries: JsonObject[]): JsonObject[] {
  let prev = CHAIN_START;
  return entries.map((entry) => {
    const { content, hash } = sealEntry(entry, prev);
    prev = hash;
    return { ...(JSON.parse(content) as JsonObject), hash };
  });
}

describe('a chain of hashes', () => {
  it('hashes the canonical JSON of an entry with the hash before it', () => {
    expect(sealEntry({ b: 1, a: 'x' }, CHAIN_START)).toEqual({
      content: `{"a":"x","b":1,"prev":"${CHAIN_START}"}`,
      hash: '0b6904bdf8fed3ffe1e438be71dd59cb76885153a720e77bcbfd7573c8e5e7ec',
    });
  });

  it('has no fault as it was made, with its members in any order', () => {
    const made = chain({ a: 1 }, { a: 2 }, { a: 3 });
    expect(findChainFault(made)).toBeUndefined();
    expect(findChainFault(made, CHAIN_START)).toBeUndefined();
    const turned = made.map((entry) => Object.fromEntries(Object.entries(entry).reverse()));
    expect(findChainFault(turned)).toBeUndefined();
    expect(findChainFault([])).toBeUndefined();
  });

  it('names the first entry that was changed, or does not follow', () => {
    const [one, two, three] = chain({ a: 1 }, { a: 2 }, { a: 3 }) as [JsonObject, JsonObject, JsonObject];
    expect(findChainFault([one, { ...two, a: 9 }, three])).toEqual({ index: 1, fault: 'changed' });
    expect(findChainFault([one, { ...two, more: 9 }, three])).toEqual({ index: 1, fault: 'changed' });
    expect(findChainFault([one, three])).toEqual({ index: 1, fault: 'not-a-successor' });
    expect(findChainFault([two, three], CHAIN_START)).toEqual({ index: 0, fault: 'not-a-successor' });
    expect(findChainFault([two, three])).toBeUndefined();
    expect(findChainFault([one, three, two])).toEqual({ index: 1, fault: 'not-a-successor' });
  });
});
