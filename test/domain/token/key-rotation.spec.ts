import fc from 'fast-check';
import {
  isPublished,
  KEPT_AFTER_USE,
  KEY_SET_KEPT,
  KEY_SET_MAX_AGE,
  type KeyUse,
  PUBLISHED_FIRST,
  refuseActivation,
  refuseRetirement,
  type RotatedKey,
} from '../../../src/domain/token/key-rotation.js';

const NOW = 1_800_000_000;
const UNUSED: KeyUse = { licenses: 0, until: 0 };
const key = (state: RotatedKey['state'], more: Partial<RotatedKey> = {}): RotatedKey => ({
  state,
  publishedAt: NOW - 30 * PUBLISHED_FIRST,
  verifyOnlyAt: null,
  ...more,
});

describe('A signing key may become the active one', () => {
  it.each<[string, RotatedKey, ReturnType<typeof refuseActivation>]>([
    [
      'a second before it was published long enough',
      key('published', { publishedAt: NOW - PUBLISHED_FIRST + 1 }),
      { reason: 'published-too-short', from: NOW + 1 },
    ],
    [
      'when it was published long enough',
      key('published', { publishedAt: NOW - PUBLISHED_FIRST }),
      undefined,
    ],
    ['again, after another one took its place', key('verify-only', { verifyOnlyAt: NOW }), undefined],
    [
      'again, however short it was published first',
      key('verify-only', { publishedAt: NOW - 60, verifyOnlyAt: NOW }),
      undefined,
    ],
    ['while it is', key('active'), { reason: 'active', from: null }],
    ['after it was retired', key('retired'), { reason: 'retired', from: null }],
  ])('or not: %s', (_, rotated, refusal) => {
    expect(refuseActivation(rotated, NOW)).toEqual(refusal);
  });
});

describe('A signing key may be retired', () => {
  const replaced = key('verify-only', { verifyOnlyAt: NOW - KEPT_AFTER_USE });
  it.each<[string, RotatedKey, KeyUse, ReturnType<typeof refuseRetirement>]>([
    ['while it signs', key('active'), UNUSED, { reason: 'active', from: null }],
    ['twice', key('retired'), UNUSED, { reason: 'retired', from: null }],
    ['before it ever signed', key('published', { publishedAt: NOW }), UNUSED, undefined],
    [
      'while a token needs it',
      replaced,
      { licenses: 2, until: NOW + 1 },
      { reason: 'in-use', from: NOW + 1 },
    ],
    ['in the second in which the last token expires', replaced, { licenses: 2, until: NOW }, undefined],
    ['when no token needs it', replaced, UNUSED, undefined],
    [
      'while what it signed is on its way',
      key('verify-only', { verifyOnlyAt: NOW - KEPT_AFTER_USE + 1 }),
      UNUSED,
      { reason: 'replaced-just-now', from: NOW + 1 },
    ],
  ])('or not: %s', (_, rotated, use, refusal) => {
    expect(refuseRetirement(rotated, use, NOW)).toEqual(refusal);
  });

  it('is in the key set in every other state', () => {
    expect(
      (['published', 'active', 'verify-only', 'retired'] as const).filter((state) => isPublished(key(state))),
    ).toEqual(['published', 'active', 'verify-only']);
  });
});

/** The longest that a verifier may have a key set: its own cache, a cache before it, and what it keeps without a fetch. */
const OLDEST_KEY_SET = KEY_SET_KEPT + 2 * KEY_SET_MAX_AGE;

type Step =
  | { readonly kind: 'wait'; readonly seconds: number }
  | { readonly kind: 'add' }
  | { readonly kind: 'activate' | 'retire'; readonly index: number }
  | { readonly kind: 'sign'; readonly life: number };

const seconds = fc.oneof(
  fc.integer({ min: 1, max: 7200 }),
  fc.integer({ min: 1, max: 4 * PUBLISHED_FIRST }),
  fc.constantFrom(PUBLISHED_FIRST, PUBLISHED_FIRST - 1, KEPT_AFTER_USE, KEPT_AFTER_USE - 1),
);
const index = fc.nat({ max: 5 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('wait' as const), seconds }),
  fc.record({ kind: fc.constant('add' as const) }),
  fc.record({ kind: fc.constantFrom('activate' as const, 'retire' as const), index }),
  fc.record({
    kind: fc.constant('sign' as const),
    life: fc.oneof(seconds, fc.integer({ min: 60, max: 90 * 86_400 })),
  }),
);

describe('Random rotations', () => {
  it('never leave a valid token that a verifier with the oldest possible key set cannot verify', () => {
    let rotations = 0;
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 5, maxLength: 60 }),
        fc.nat({ max: OLDEST_KEY_SET }),
        (steps, age) => {
          let now = NOW;
          const keys: (RotatedKey & { readonly retiredAt?: number })[] = [key('active')];
          const tokens: { readonly key: number; readonly iat: number; readonly exp: number }[] = [];
          const isKnown = (index: number, at: number) => {
            const { publishedAt, retiredAt = Infinity } = keys[index] as (typeof keys)[number];
            return publishedAt <= at && at < retiredAt;
          };
          const assertVerifiable = () => {
            for (const { key: index, iat, exp } of tokens) {
              if (exp <= now) continue;
              for (const old of [0, age, OLDEST_KEY_SET]) {
                // A set that is older than the token has what was published before it; a newer one, what is still published.
                expect([index, iat, isKnown(index, now - old)]).toEqual([index, iat, true]);
              }
            }
          };
          for (const one of steps) {
            const active = keys.findIndex(({ state }) => state === 'active');
            if (one.kind === 'wait') now += one.seconds;
            else if (one.kind === 'add') keys.push(key('published', { publishedAt: now }));
            else if (one.kind === 'sign') tokens.push({ key: active, iat: now, exp: now + one.life });
            else {
              const at = one.index % keys.length;
              const chosen = keys[at] as RotatedKey;
              const valid = tokens.filter((token) => token.key === at && token.exp > now);
              const use = { licenses: valid.length, until: Math.max(0, ...valid.map(({ exp }) => exp)) };
              if (one.kind === 'activate' && refuseActivation(chosen, now) === undefined) {
                keys[active] = { ...(keys[active] as RotatedKey), state: 'verify-only', verifyOnlyAt: now };
                keys[at] = { ...chosen, state: 'active', verifyOnlyAt: null };
                rotations += 1;
              }
              if (one.kind === 'retire' && refuseRetirement(chosen, use, now) === undefined)
                keys[at] = { ...chosen, state: 'retired', retiredAt: now };
            }
            assertVerifiable();
          }
        },
      ),
      { numRuns: 1_000 },
    );
    expect(rotations).toBeGreaterThan(100);
  });
});
