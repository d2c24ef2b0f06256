import fc from 'fast-check';
import { showableReason } from '../../src/domain/issuer-reason.js';

/** As long as one with a signature by RSA, and as irregular. */
const TOKEN = Array.from({ length: 3 }, (_, part) =>
  Buffer.from(Array.from({ length: 300 }, (_, at) => (at * at * 37 + at * 101 + part * 59) % 251)).toString(
    'base64url',
  ),
).join('.');

/** Ways to write a piece so that it still can be read. */
const WRITINGS: readonly ((piece: string) => string)[] = [
  (piece) => piece,
  (piece) => piece.toUpperCase(),
  (piece) => [...piece].join(' '),
  (piece) => [...piece].join('-.'),
  (piece) => piece.replace(/[a-z]/g, (letter) => String.fromCodePoint(letter.charCodeAt(0) - 0x61 + 0xff41)),
];

describe('The reason that an issuer gave', () => {
  it.each([
    'The contract was suspended: call us (9-17h).',
    'the license is for another instance',
    "La licence n'est plus valable; écrivez à l'éditeur.",
    'ライセンスは停止されています',
    'No such license: 0b7c3c1e-6a53-4b52-9d0e-3b8b1f1c0d11',
  ])('is shown where it is %j', (reason) => {
    expect(showableReason(reason, TOKEN)).toBe(reason);
  });

  it.each(['', 'one\ntwo', 'one\u3164two', '<b>', 'a'.repeat(201)])(
    'is not shown where it is %j',
    (reason) => {
      expect(showableReason(reason, TOKEN)).toBeUndefined();
    },
  );

  it('is not shown with pieces of the token, however they are cut, written and mixed with other text', () => {
    const piece = fc
      .tuple(fc.nat(TOKEN.length - 50), fc.integer({ min: 6, max: 15 }), fc.constantFrom(...WRITINGS))
      .map(([at, length, write]) => write(TOKEN.slice(at, at + length)));
    const decoy = fc.constantFrom(' ', ', ', ' and ', ' zz ', '');
    fc.assert(
      fc.property(fc.array(fc.tuple(piece, decoy), { minLength: 4, maxLength: 12 }), (parts) => {
        const reason = parts.flat().join('').slice(0, 200);
        expect(showableReason(reason, TOKEN)).toBeUndefined();
      }),
    );
  });
});
