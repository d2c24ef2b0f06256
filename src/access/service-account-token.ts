import { hash, randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';

const PREFIX = 'licsa_';
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const RANDOM_CHARACTERS = 32;
const SHAPE = /^licsa_[0-9A-Za-z]{32}_[0-9a-f]{8}$/;

/**
 * A new token: `licsa_`, 32 random characters, `_` and the CRC32 of all before it as 8 hex digits, so that a
 * scanner for leaked secrets knows one from a look-alike. `randomInt` draws without bias.
 */
export function createServiceAccountToken(): string {
  let body = PREFIX;
  for (let drawn = 0; drawn < RANDOM_CHARACTERS; drawn += 1) body += ALPHABET[randomInt(ALPHABET.length)];
  body += '_';
  return `${body}${checksum(body)}`;
}

/** Whether a text could be one of our tokens: shape and checksum fit. */
export function looksLikeServiceAccountToken(text: string): boolean {
  return SHAPE.test(text) && checksum(text.slice(0, -8)) === text.slice(-8);
}

/** What is stored of a token: its SHA-256, base64url. The token has 190 random bits, so no salt is needed. */
export function hashToken(token: string): string {
  return hash('sha256', token, 'base64url');
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
