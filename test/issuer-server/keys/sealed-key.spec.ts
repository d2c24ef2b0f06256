import { randomBytes } from 'node:crypto';
import {
  encryptionKeyId,
  openSealedKey,
  sealedWith,
  sealKey,
} from '../../../src/issuer-server/keys/sealed-key.js';

const JWK = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'the private part' };
const [key, former, other] = [randomBytes(32), randomBytes(32), randomBytes(32)];

describe('a private key at rest', () => {
  it('comes back from its sealed form with the same encryption key, also beside others', () => {
    const sealed = sealKey(JWK, 'kid', former);
    expect(openSealedKey(sealed, 'kid', [former])).toEqual(JWK);
    expect(openSealedKey(sealed, 'kid', [key, former])).toEqual(JWK);
    expect(sealedWith(sealed)).toBe(encryptionKeyId(former));
  });

  it('shows nothing of itself, and never the same text twice', () => {
    const [one, two] = [sealKey(JWK, 'kid', key), sealKey(JWK, 'kid', key)];
    expect(one).toMatch(/^v1\.[0-9a-f]{8}\.[\w-]{16}\.[\w-]+$/);
    expect(one).not.toBe(two);
    const [, , ivOfOne] = one.split('.');
    expect(two).not.toContain(ivOfOne);
    for (const text of [JWK.d, key.toString('hex'), key.toString('base64url')]) {
      expect(Buffer.from(one.split('.').at(-1) as string, 'base64url').toString('latin1')).not.toContain(
        text,
      );
      expect(one).not.toContain(text);
    }
  });

  it('names the encryption key that is missing', () => {
    const sealed = sealKey(JWK, 'kid', former);
    for (const keys of [[], [key], [key, other]]) {
      expect(() => openSealedKey(sealed, 'kid', keys)).toThrow(
        expect.objectContaining({ kind: 'other-key', keyId: encryptionKeyId(former) }),
      );
    }
  });

  it('cannot be put into the row of another key', () => {
    expect(() => openSealedKey(sealKey(JWK, 'kid', key), 'another', [key])).toThrow(
      expect.objectContaining({ kind: 'damaged' }),
    );
  });

  it('cannot be changed in any character without being noticed', () => {
    const sealed = sealKey(JWK, 'kid', key);
    for (let index = 0; index < sealed.length; index += 1) {
      const changed = `${sealed.slice(0, index)}${sealed[index] === 'A' ? 'B' : 'A'}${sealed.slice(index + 1)}`;
      expect(() => openSealedKey(changed, 'kid', [key])).toThrow(
        expect.objectContaining({ name: 'SealedKeyError' }),
      );
    }
    for (const cut of ['', 'v1', 'v1.', `v1.${encryptionKeyId(key)}..`, sealed.slice(0, -4), 'v2.a.b.c']) {
      expect(() => openSealedKey(cut, 'kid', [key])).toThrow(
        expect.objectContaining({ name: 'SealedKeyError' }),
      );
    }
  });
});
