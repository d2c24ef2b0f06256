import type { KeySet } from '../../../src/domain/token/key-set.js';
import { emptyKeySet } from '../../../src/domain/token/key-set.js';
import { VerifiedTokens } from '../../../src/issuer-server/renewals/verified-tokens.js';
import { type IssuerKeys, issuerKeys, sign, validClaims } from '../../support/tokens.js';

describe('Tokens that are shown to the issuer', () => {
  let keys: IssuerKeys;
  let keySet: KeySet;
  /** How often a key was looked for, which every verification does once. */
  let verified = 0;
  let tokens: VerifiedTokens;

  beforeAll(async () => {
    keys = await issuerKeys();
    keySet = Object.create(keys.keySet, {
      find: {
        value: (kid: string) => {
          verified += 1;
          return keys.keySet.find(kid);
        },
      },
    }) as KeySet;
  });

  beforeEach(() => {
    verified = 0;
    tokens = new VerifiedTokens();
  });

  const token = (jti: string) => sign({ claims: validClaims({ jti }) });
  const crowd = async (text: string, size: number) =>
    Promise.allSettled(Array.from({ length: size }, () => tokens.claimsOf(text, keySet)));

  it('are verified once, also when thousands of requests bring one at the same time', async () => {
    const text = token('one');
    const settled = await crowd(text, 2_000);
    expect(new Set(settled.map(({ status }) => status))).toEqual(new Set(['fulfilled']));
    expect((await tokens.claimsOf(text, keySet)).jti).toBe('one');
    expect((await tokens.claimsOf(token('two'), keySet)).jti).toBe('two');
    expect(verified).toBe(2);
  });

  it('are verified again when the keys are others', async () => {
    const text = token('one');
    await tokens.claimsOf(text, keySet);
    await expect(tokens.claimsOf(text, emptyKeySet)).rejects.toThrow();
    await tokens.claimsOf(text, keySet);
    expect(verified).toBe(2);
  });

  it('are refused each time when they are forged, and never taken for one that is not', async () => {
    const right = token('one');
    const [head, , signature] = right.split('.');
    const forged = [head, token('two').split('.')[1], signature].join('.');
    await tokens.claimsOf(right, keySet);
    for (let times = 0; times < 2; times += 1) {
      await expect(tokens.claimsOf(forged, keySet)).rejects.toMatchObject({ code: 'license.untrusted' });
    }
    expect(verified).toBe(3);
    expect((await tokens.claimsOf(right, keySet)).jti).toBe('one');
  });

  it('are remembered up to a thousand', async () => {
    const first = token('first');
    await tokens.claimsOf(first, keySet);
    const others = Array.from({ length: 1_000 }, (_, number) => token(`${number}`));
    for (const other of others) await tokens.claimsOf(other, keySet);
    verified = 0;
    for (const other of others) await tokens.claimsOf(other, keySet);
    expect(verified).toBe(0);
    await tokens.claimsOf(first, keySet);
    expect(verified).toBe(1);
  });
});
