import { crc32 } from 'node:zlib';
import {
  createServiceAccountToken,
  hashToken,
  looksLikeServiceAccountToken,
} from '../../src/access/service-account-token.js';

describe('A token of a service account', () => {
  const tokens = Array.from({ length: 2_000 }, createServiceAccountToken);

  it('is licsa_, 32 characters, an underscore and the CRC32 of everything before it', () => {
    for (const token of tokens) {
      expect(token).toMatch(/^licsa_[0-9A-Za-z]{32}_[0-9a-f]{8}$/);
      expect(token.slice(-8)).toBe(crc32(token.slice(0, -8)).toString(16).padStart(8, '0'));
    }
    expect(tokens.some((token) => token.slice(-8).startsWith('0'))).toBe(true);
  });

  it('is never the same, and draws every character about equally often', () => {
    expect(new Set(tokens).size).toBe(tokens.length);
    const counts = new Map<string, number>();
    for (const character of tokens.map((token) => token.slice(6, 38)).join('')) {
      counts.set(character, (counts.get(character) ?? 0) + 1);
    }
    const expected = (tokens.length * 32) / 62;
    expect(counts.size).toBe(62);
    // Eight standard deviations: this fails for a bias such as `byte % 62`, and by chance never.
    for (const count of counts.values())
      expect(Math.abs(count - expected)).toBeLessThan(8 * Math.sqrt(expected));
  });

  it('is recognized by shape and checksum', () => {
    const [token = ''] = tokens;
    expect(looksLikeServiceAccountToken(token)).toBe(true);
    for (const other of [
      '',
      token.toUpperCase(),
      ` ${token}`,
      `${token}\n`,
      `${token}0`,
      token.slice(0, -1),
      `${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}`,
      token.replace('licsa_', 'glsa__'),
    ]) {
      expect([other, looksLikeServiceAccountToken(other)]).toEqual([other, false]);
    }
  });

  it('is stored as its SHA-256', () => {
    expect(hashToken('abc')).toBe('ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0');
  });
});
