import { timingSafeEqual } from 'node:crypto';
import { hashToken } from './service-account-token.js';

/** A name and a password, as a Basic header carries them. */
export interface Password {
  readonly name: string;
  readonly password: string;
}

const HEADER = /^Basic +([A-Za-z0-9+/]+={0,2})$/i;

/**
 * The credentials of a Basic header (RFC 7617, section 2): UTF-8, the first colon ends the name.
 * @returns undefined when the header carries none
 */
export function readBasicHeader(authorization: string): Password | undefined {
  const encoded = HEADER.exec(authorization)?.[1];
  if (encoded === undefined) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  const text = bytes.toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0 || !Buffer.from(text).equals(bytes)) return undefined;
  return { name: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** Compares in a time that tells nothing about how much of it is right. */
export function sameSecret(given: string, expected: string): boolean {
  return timingSafeEqual(Buffer.from(hashToken(given)), Buffer.from(hashToken(expected)));
}
