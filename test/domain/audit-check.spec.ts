import { checkAudit } from '../../src/domain/audit-check.js';
import { isSealSigned, sealSigner } from '../../src/domain/audit-seal.js';
import { CHAIN_START, sealEntry } from '../../src/domain/hash-chain.js';
import type { JsonObject } from '../../src/domain/token/strict-json.js';

const SIGNER = sealSigner('a secret of the tests, long enough');

/** Two segments of three records each: numbers 1 to 8, of which 4 and 8 are seals. */
function log(signer = SIGNER, actor = 'bootstrap', segments = [1, 5]): JsonObject[] {
  const lines: JsonObject[] = [];
  let prev = CHAIN_START;
  const add = (entry: JsonObject) => {
    const { content, hash } = sealEntry(entry, prev);
    prev = hash;
    const seal = entry.seal === true ? { key: signer.key, signature: signer.sign(hash) } : {};
    lines.push({ ...(JSON.parse(content) as JsonObject), hash, ...seal });
  };
  for (const first of segments) {
    for (const number of [first, first + 1, first + 2]) add({ number, id: number + 100, actor });
    add({ seal: true, number: first + 3, first, at: 0 });
  }
  return lines;
}

const SOUND = log();
const at = (index: number) => SOUND[index] as JsonObject;
const replaced = (index: number, line: JsonObject) => SOUND.with(index, line);

describe('An audit log', () => {
  it('is sound as it was made, whole, from a later segment on, and with what others know of it', () => {
    const head = at(7).hash as string;
    expect(checkAudit(SOUND)).toBeUndefined();
    expect(checkAudit(SOUND.slice(4))).toBeUndefined();
    expect(checkAudit(SOUND, { keys: ['another', SIGNER.key], head })).toBeUndefined();
    expect(checkAudit([])).toBeUndefined();
  });

  it.each<[string, JsonObject[], number, string]>([
    ['a record was changed', replaced(1, { ...at(1), actor: 'system' }), 1, 'it was changed'],
    ['a record has a member more', replaced(1, { ...at(1), note: 'x' }), 1, 'it was changed'],
    ['a record has a signature', replaced(1, { ...at(1), signature: 'x' }), 1, 'it was changed'],
    ['a seal was changed', replaced(3, { ...at(3), at: 1 }), 3, 'it was changed'],
    ['a record was removed', SOUND.toSpliced(2, 1), 2, 'the records of 3 to 3 before it are missing'],
    ['a seal was removed', SOUND.toSpliced(3, 1), 3, 'the records of 4 to 4 before it are missing'],
    ['a row was deleted in the database', SOUND.toSpliced(1, 2, unlinked()), 1, 'the records of 2 to 2'],
    ['a segment was removed', [...SOUND.slice(0, 1), ...SOUND.slice(4)], 1, 'the records of 2 to 4'],
    ['the first record was removed', SOUND.slice(1), 0, 'that ends with 4 begins with 1: what comes before'],
    [
      'all but the first seal was removed',
      SOUND.slice(3),
      0,
      'that ends with 4 begins with 1: what comes before',
    ],
    ['the first records of a later part were removed', SOUND.slice(6), 0, 'that ends with 8 begins with 5'],
    ['a record was inserted', SOUND.toSpliced(2, 0, at(1)), 2, 'it is out of order'],
    ['records were swapped', SOUND.with(1, at(2)).with(2, at(1)), 1, 'the records of 2 to 2'],
    [
      'a record was replaced by one with a right hash',
      replaced(1, log(SIGNER, 'x')[1] as JsonObject),
      1,
      'it does not follow',
    ],
    ['the end was cut off in a segment', SOUND.slice(0, 6), 4, 'no seal follows'],
    ['a record was added at the end', [...SOUND, { ...next(), hash: hashed() }], 8, 'no seal follows'],
    ['a record has no number', replaced(1, unnumbered()), 1, 'its number is none'],
    [
      'a signature was changed',
      replaced(3, { ...at(3), signature: at(7).signature as string }),
      3,
      'the signature of this seal is wrong',
    ],
    [
      'a signature is missing',
      replaced(3, { ...at(3), signature: null }),
      3,
      'the signature of this seal is wrong',
    ],
    ['a key is none', replaced(3, { ...at(3), key: 'x' }), 3, 'the signature of this seal is wrong'],
    ['all was made anew without the key', remade(), 3, 'the signature of this seal is wrong'],
  ])('in which %s is not, and the first wrong record is named', (_, lines, index, message) => {
    expect(checkAudit(lines)).toEqual({ index, message: expect.stringContaining(message) });
  });

  it('without whole segments in the middle may be of two exports, between which the retention deleted them', () => {
    const long = log(SIGNER, 'bootstrap', [1, 5, 9]);
    const retention = expect.stringMatching(
      /^the records of 5 to 8 before it are missing.* the retention/,
    ) as string;
    expect(checkAudit(long.toSpliced(4, 4))).toEqual({ index: 4, message: retention });
    for (const [from, count] of [
      [4, 3],
      [5, 4],
      [3, 5],
      [4, 5],
    ] as const)
      expect(checkAudit(long.toSpliced(from, count))?.message).not.toContain('retention');
    const swapped = [...long.slice(0, 4), ...long.slice(8), ...long.slice(4, 8)];
    expect(checkAudit(swapped)?.message).toMatch(/moved$/);
  });

  it('that was made anew with another key, or cut off after a seal, is found by what others know', () => {
    const forged = log(sealSigner('another secret, which is long enough too'));
    expect(checkAudit(forged)).toBeUndefined();
    expect(checkAudit(forged, { keys: [SIGNER.key] })).toMatchObject({ index: 3 });
    expect(checkAudit(SOUND.slice(0, 4))).toBeUndefined();
    expect(checkAudit(SOUND.slice(0, 4), { head: at(7).hash as string })).toMatchObject({ index: 4 });
  });

  function next(): JsonObject {
    return { number: 9, prev: at(7).hash as string };
  }

  function hashed(): string {
    return sealEntry({ number: 9 }, at(7).hash as string).hash;
  }

  function unnumbered(): JsonObject {
    const { content, hash } = sealEntry({ id: 102 }, at(0).hash as string);
    return { ...(JSON.parse(content) as JsonObject), hash };
  }

  /** As an export writes the record after one that is gone. */
  function unlinked(): JsonObject {
    return { ...at(2), prev: at(0).hash as string };
  }

  /** Other records with right hashes, and the signatures that there were. */
  function remade(): JsonObject[] {
    return log(SIGNER, 'x').map((line, index) =>
      line.seal === true ? { ...line, signature: at(index).signature as string } : line,
    );
  }
});

describe('The signer of seals', () => {
  it('has the same key for the same secret, and signs what only it can', () => {
    expect(sealSigner('a secret of the tests, long enough').key).toBe(SIGNER.key);
    const other = sealSigner('another secret, which is long enough too');
    expect(other.key).not.toBe(SIGNER.key);
    expect(isSealSigned('ab', SIGNER.key, SIGNER.sign('ab'))).toBe(true);
    expect(isSealSigned('ab', other.key, SIGNER.sign('ab'))).toBe(false);
    expect(isSealSigned('ac', SIGNER.key, SIGNER.sign('ab'))).toBe(false);
  });
});
