import { DAY } from '../clock.js';

/** How long a key set may be cached by its `Cache-Control`, seconds: what the self-hosted issuer says. */
export const KEY_SET_MAX_AGE = 300;
/** How long the service goes on with a key set that it cannot fetch again, seconds. */
export const KEY_SET_KEPT = DAY;

/**
 * How long a key is published before it may sign, seconds. An hour covers what is added to {@link KEY_SET_KEPT}:
 * {@link KEY_SET_MAX_AGE} at the service and at a cache before it, replicas that follow a second later,
 * clocks that differ.
 */
export const PUBLISHED_FIRST = KEY_SET_KEPT + 3600;

/** How long a key that was replaced is kept at least, seconds: statements that it signed are on their way. */
export const KEPT_AFTER_USE = 3600;

/**
 * A signing key is `published` in the key set, then `active`: the one key that signs. `verify-only`, it is
 * still in the key set, and can become active again; `retired`, it is gone for good.
 */
export type SigningKeyState = 'published' | 'active' | 'verify-only' | 'retired';

/** Where a signing key stands; times in Unix seconds. */
export interface RotatedKey {
  readonly state: SigningKeyState;
  readonly publishedAt: number;
  /** When another key took its place, the last time. */
  readonly verifyOnlyAt: number | null;
}

/** Who still needs a key. */
export interface KeyUse {
  /** How many licenses have an unexpired token that it signed. */
  readonly licenses: number;
  /** When the last of these tokens expires, Unix seconds; 0 where there is none. */
  readonly until: number;
}

/**
 * Why a key may not change its state, and the moment from which it may, Unix seconds. `null`: never, not even
 * by force.
 */
export interface RotationRefusal {
  readonly reason: 'active' | 'retired' | 'published-too-short' | 'in-use' | 'replaced-just-now';
  readonly from: number | null;
}

/** Whether a key is in the key set. */
export function isPublished({ state }: Pick<RotatedKey, 'state'>): boolean {
  return state !== 'retired';
}

/** Why a key may not become the active one at a moment, Unix seconds. */
export function refuseActivation(
  { state, publishedAt }: RotatedKey,
  now: number,
): RotationRefusal | undefined {
  if (state === 'active' || state === 'retired') return { reason: state, from: null };
  const from = publishedAt + PUBLISHED_FIRST;
  return state === 'published' && now < from ? { reason: 'published-too-short', from } : undefined;
}

/** Why a key may not be taken out of the key set at a moment, Unix seconds. */
export function refuseRetirement(
  { state, verifyOnlyAt }: RotatedKey,
  { licenses, until }: KeyUse,
  now: number,
): RotationRefusal | undefined {
  if (state === 'active' || state === 'retired') return { reason: state, from: null };
  if (licenses > 0 && now < until) return { reason: 'in-use', from: until };
  const from = (verifyOnlyAt ?? -Infinity) + KEPT_AFTER_USE;
  return now < from ? { reason: 'replaced-just-now', from } : undefined;
}
