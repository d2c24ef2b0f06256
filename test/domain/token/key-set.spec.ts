import fc from 'fast-check';
import {
  describeSkippedKey,
  emptyKeySet,
  KeySetError,
  readKeySet,
} from '../../../src/domain/token/key-set.js';
import type { JsonObject, JsonValue } from '../../../src/domain/token/strict-json.js';
import { parseStrictJson } from '../../../src/domain/token/strict-json.js';
import { ALGORITHMS, createKey, issuerKeys, testKey, utf8, withOverrides } from '../../support/tokens.js';

const rsa = testKey('RS256').jwk;
const ec = testKey('ES256').jwk;
const ed = testKey('EdDSA').jwk;

describe('readKeySet', () => {
  it('reads one key of each algorithm and shows its public members alone', async () => {
    const { keySet, jwks } = await issuerKeys(ALGORITHMS);
    expect(keySet.size).toBe(10);
    expect(keySet.skipped).toEqual([]);
    expect(keySet.kids).toEqual(ALGORITHMS.map((alg) => `key-${alg}`));
    for (const [index, kid] of keySet.kids.entries()) {
      expect(keySet.find(kid)).toMatchObject({ kid, alg: ALGORITHMS[index], jwk: jwks.keys[index] });
    }
  });

  it('lets others have a turn after each key', async () => {
    let turns = 0;
    let isOver = false;
    const count = () => {
      turns += 1;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    await readKeySet({ keys: Array.from({ length: 100 }, (_, index) => ({ ...ed, kid: `key-${index}` })) });
    isOver = true;
    expect(turns).toBeGreaterThanOrEqual(100);
  });

  it('gives the same key again from the public members of one', async () => {
    const { keySet, keys } = await issuerKeys(ALGORITHMS);
    for (const { kid } of keys) {
      const jwk = keySet.find(kid)?.jwk;
      const again = await readKeySet({ keys: [JSON.parse(JSON.stringify(jwk)) as JsonValue] });
      expect(again.find(kid)?.jwk).toEqual(jwk);
    }
  });

  it('ignores members that it does not know', async () => {
    const extras = { x5c: ['AAAA'], x5u: 'https://evil.example', ext: true, kid2: 'b', toString: 1 };
    const set = await readKeySet({ keys: [{ ...ec, ...extras }], next: 'https://evil.example' });
    expect(set.find(ec.kid as string)?.jwk).toEqual(ec);
  });

  it('is empty of an empty array, and finds nothing in the empty set', async () => {
    expect((await readKeySet({ keys: [] })).size).toBe(0);
    expect(emptyKeySet.size).toBe(0);
    expect(emptyKeySet.kids).toEqual([]);
    expect(emptyKeySet.skipped).toEqual([]);
    expect(emptyKeySet.find('__proto__')).toBeUndefined();
  });

  it.each<[JsonValue]>([
    [null],
    [[]],
    ['keys'],
    [1],
    [{}],
    [{ keys: null }],
    [{ keys: {} }],
    [{ keys: 'a' }],
    [{ Keys: [] }],
  ])('refuses the document %j', async (document) => {
    const refused = readKeySet(document);
    await expect(refused).rejects.toBeInstanceOf(KeySetError);
    await expect(refused).rejects.toMatchObject({
      name: 'KeySetError',
      message: 'The key set is no object with an array "keys".',
    });
  });

  it('takes 100 keys, and no set of 101', async () => {
    const keys = Array.from({ length: 100 }, (_, index) => ({ ...ed, kid: `k${index}` }));
    expect((await readKeySet({ keys })).size).toBe(100);
    await expect(readKeySet({ keys: [...keys, null] })).rejects.toThrow('more than 100 keys');
  });

  it('skips what cannot be used, says why, and uses the rest', async () => {
    const set = await readKeySet({
      keys: [null, 1, 'a', [], {}, { ...ec, kid: 7 }, { ...ec, kid: 'oct', kty: 'oct', k: 'AAAA' }, ec],
    });
    expect(set.kids).toEqual([ec.kid]);
    expect(set.skipped.map((key) => key.kid)).toEqual([null, null, null, null, null, null, 'oct']);
    expect(set.skipped.slice(0, 4).map(({ reason }) => reason)).toEqual(Array(4).fill('it is no object'));
    expect(set.skipped[4]?.reason).toBe('it has no usable "kid"');
    expect(set.skipped.map((key) => key.index)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  describe('with one kid several times', () => {
    it('has the key once when it is the same', async () => {
      const set = await readKeySet({ keys: [ec, { ...ec, key_ops: ['verify'] }, ec] });
      expect(set.kids).toEqual([ec.kid]);
      expect(set.skipped).toEqual([]);
    });

    it.each<[string, JsonObject[]]>([
      ['the material differs', [ec, { ...createKey('ES256').jwk, kid: ec.kid as string }]],
      ['the algorithm differs', [rsa, { ...rsa, alg: 'PS256' }]],
      ['the kind differs', [ec, { ...ed, kid: ec.kid as string }]],
      ['a third one differs', [ec, ec, { ...ed, kid: ec.kid as string }, ec]],
    ])('skips them all when %s', async (_, keys) => {
      const set = await readKeySet({ keys: [...keys, { ...ed, kid: 'other' }] });
      expect(set.kids).toEqual(['other']);
      const reason = 'several different keys have this "kid"';
      expect(set.skipped).toEqual(keys.map((__, index) => ({ index, kid: keys[0]?.kid, reason })));
    });

    it('has the usable one when the others are skipped for themselves', async () => {
      const set = await readKeySet({ keys: [{ ...ec, kty: 'oct', k: 'AAAA' }, ec, { ...ec, use: 'enc' }] });
      expect(set.kids).toEqual([ec.kid]);
      expect(set.skipped).toHaveLength(2);
    });
  });

  it('says of every key of a set without a usable one why it is skipped', async () => {
    const bare = (kid: string, member: string) => withOverrides({ ...ec, kid }, { [member]: undefined });
    const set = await readKeySet({ keys: [bare('a', 'alg'), bare('b', 'use'), bare('c', 'y'), null] });
    expect(set.size).toBe(0);
    expect(set.skipped.map(describeSkippedKey)).toEqual([
      'key 1 ("a") cannot be used: it has no "alg"',
      'key 2 ("b") cannot be used: it has no "use"',
      'key 3 ("c") cannot be used: its "y" is not canonical base64url',
      'key 4 cannot be used: it is no object',
    ]);
  });

  it.each([
    ['a b', 'a b'],
    ['a\nb', 'a\\u{a}b'],
    ['"\\', '\\u{22}\\u{5c}'],
    ['\u001b[31m', '\\u{1b}[31m'],
    ['\u0085\u2028\u202e\u200b\u00a0', '\\u{85}\\u{2028}\\u{202e}\\u{200b}\\u{a0}'],
    ['ключ', 'ключ'],
  ])('names a skipped key with the "kid" %j so that neither lines nor terminals are misled', (kid, shown) => {
    expect(describeSkippedKey({ index: 0, kid, reason: 'it is odd' })).toBe(
      `key 1 ("${shown}") cannot be used: it is odd`,
    );
  });

  it('takes __proto__ and its like for ordinary kids', async () => {
    const kids = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', ' ', '../../key', "' OR 1=1"];
    const set = await readKeySet({ keys: kids.map((kid) => ({ ...ed, kid })) });
    expect(set.kids).toEqual(kids);
    for (const kid of kids) expect(set.find(kid)?.kid).toBe(kid);
    const others = await readKeySet({ keys: [ed] });
    for (const kid of kids) expect(others.find(kid)).toBeUndefined();
  });

  it('is not told members by a prototype', async () => {
    const text = `{"keys":[{"__proto__":${JSON.stringify(ec)}},{"kid":"a","__proto__":{"alg":"ES256"}}]}`;
    expect((await readKeySet(parseStrictJson(utf8(text)))).size).toBe(0);
  });

  it('answers any JSON with a set or with its own error, and never with a key that it cannot name', async () => {
    const member = fc.record(
      {
        kid: fc.oneof(fc.constant('a'), fc.jsonValue()),
        kty: fc.oneof(fc.constantFrom('RSA', 'EC', 'OKP', 'oct'), fc.jsonValue()),
        alg: fc.oneof(fc.constantFrom(...ALGORITHMS, 'none'), fc.jsonValue()),
        use: fc.oneof(fc.constant('sig'), fc.jsonValue()),
        n: fc.oneof(fc.constantFrom(rsa.n, 'AQAB'), fc.jsonValue()),
        e: fc.oneof(fc.constant('AQAB'), fc.jsonValue()),
        crv: fc.constantFrom('P-256', 'P-384', 'P-521', 'Ed25519', 'X25519', '__proto__'),
        x: fc.oneof(fc.constantFrom(ec.x, ed.x), fc.jsonValue()),
        y: fc.oneof(fc.constant(ec.y), fc.jsonValue()),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.jsonValue(), fc.array(member, { maxLength: 5 })), async (keys) => {
        const document = parseStrictJson(utf8(JSON.stringify({ keys })));
        try {
          const set = await readKeySet(document);
          expect(set.kids.every((kid) => set.find(kid)?.kid === kid)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(KeySetError);
        }
      }),
      { numRuns: 300 },
    );
  });
});
