import { hashToken } from '../../src/access/service-account-token.js';
import type { KnownToken } from '../../src/domain/caller.js';
import { TokenTable } from '../../src/snapshot/token-table.js';
import { seededRandom } from '../support/random.js';

const SEED = Number(process.env.SAMPLE_SEED) || 1;

describe(`A table of tokens (seed ${SEED})`, () => {
  it('is what a plain map is, and so is every table that it was copied from', () => {
    const random = seededRandom(SEED);
    const history: { table: TokenTable<KnownToken>; expected: Map<string, KnownToken> }[] = [];
    let table = new TokenTable<KnownToken>();
    const accounts = new Map<number, Map<string, KnownToken>>();
    const hashes = new Set<string>();
    for (let step = 0; step < 120; step += 1) {
      table = table.copy();
      for (let changes = Math.floor(random() * 3); changes >= 0; changes -= 1) {
        const account = Math.floor(random() * 12);
        const kept = [...(accounts.get(account) ?? [])].filter(() => random() < 0.7);
        const tokens = new Map(kept);
        for (let fresh = Math.floor(random() * 90); fresh > 0; fresh -= 1) {
          const tokenId = hashes.size;
          tokens.set(hashToken(`${tokenId}`), token(tokenId));
        }
        for (const hash of tokens.keys()) hashes.add(hash);
        table.replace(account, tokens);
        accounts.set(account, tokens);
      }
      const expected = new Map([...accounts.values()].flatMap((tokens) => [...tokens]));
      if (step % 10 === 0) history.push({ table, expected });
    }
    for (const { table: former, expected } of history)
      for (const hash of hashes) expect(former.find(hash)).toBe(expected.get(hash));
  });
});

function token(tokenId: number): KnownToken {
  const caller = { id: `service-account:${tokenId}`, name: '', actions: new Set<never>() };
  return { tokenId, caller, expiresAt: undefined, revoked: false, disabled: false };
}
