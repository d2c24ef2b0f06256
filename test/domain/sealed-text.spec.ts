import { randomBytes } from 'node:crypto';
import {
  encryptionKeyId,
  isSealed,
  openSealedText,
  sealedWith,
  sealText,
} from '../../src/domain/sealed-text.js';

const SECRET = 'the private part, with ü and a \\0 in it: \0';
const [key, former, other] = [randomBytes(32), randomBytes(32), randomBytes(32)];

describe('a secret text at rest', () => {
  it('comes back from its sealed form with the same encryption key, also beside others', () => {
    const sealed = sealText(SECRET, 'place', former);
    expect(openSealedText(sealed, 'place', [former])).toBe(SECRET);
    expect(openSealedText(sealed, 'place', [key, former])).toBe(SECRET);
    expect(sealedWith(sealed)).toBe(encryptionKeyId(former));
  });

  it('shows nothing of itself, and never the same text twice', () => {
    const [one, two] = [sealText(SECRET, 'place', key), sealText(SECRET, 'place', key)];
    expect(one).toMatch(/^v1\.[0-9a-f]{8}\.[\w-]{16}\.[\w-]+$/);
    expect(one).not.toBe(two);
    const [, , ivOfOne] = one.split('.');
    expect(two).not.toContain(ivOfOne);
    for (const text of [SECRET, key.toString('hex'), key.toString('base64url')]) {
      expect(Buffer.from(one.split('.').at(-1) as string, 'base64url').toString('latin1')).not.toContain(
        text,
      );
      expect(one).not.toContain(text);
    }
  });

  it('names the encryption key that is missing', () => {
    const sealed = sealText(SECRET, 'place', former);
    for (const keys of [[], [key], [key, other]]) {
      expect(() => openSealedText(sealed, 'place', keys)).toThrow(
        expect.objectContaining({ kind: 'other-key', keyId: encryptionKeyId(former) }),
      );
    }
  });

  it('cannot be put into another place', () => {
    expect(() => openSealedText(sealText(SECRET, 'place', key), 'another', [key])).toThrow(
      expect.objectContaining({ kind: 'damaged' }),
    );
  });

  it('cannot be changed in any character without being noticed', () => {
    const sealed = sealText(SECRET, 'place', key);
    for (let index = 0; index < sealed.length; index += 1) {
      const changed = `${sealed.slice(0, index)}${sealed[index] === 'A' ? 'B' : 'A'}${sealed.slice(index + 1)}`;
      expect(() => openSealedText(changed, 'place', [key])).toThrow(
        expect.objectContaining({ name: 'SealedTextError' }),
      );
    }
    for (const cut of ['', 'v1', 'v1.', `v1.${encryptionKeyId(key)}..`, sealed.slice(0, -4), 'v2.a.b.c']) {
      expect(() => openSealedText(cut, 'place', [key])).toThrow(
        expect.objectContaining({ name: 'SealedTextError' }),
      );
    }
  });

  it.each([
    [sealText('a', 'place', key), true],
    ['v2.of.a.later.release', true],
    ['eyJhbGciOiJFUzI1NiJ9.e30.c2ln', false],
    ['v.1', false],
    ['', false],
  ])('is told from a text in clear: %s', (text, sealed) => {
    expect(isSealed(text)).toBe(sealed);
  });
});
