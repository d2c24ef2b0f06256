import fc from 'fast-check';
import { readLicenseClaims } from '../../../src/domain/license/license-claims.js';
import { compareTokens, isSameLicense } from '../../../src/domain/license/license.js';
import {
  type AnsweredRenewal,
  decideSuccession,
  type StoredToken,
  type Succession,
  type Token,
} from '../../../src/domain/license/succession.js';
import { NOW, type Overrides, validClaims } from '../../support/tokens.js';

const token = (name: string, overrides: Overrides = {}): Token => ({
  token: name,
  claims: readLicenseClaims(validClaims({ jti: name, ...overrides })),
});

const stored = (present?: Token, more: Partial<StoredToken> = {}): StoredToken => ({
  generation: 1,
  revision: 1,
  stamp: 'stamp 1',
  isEmpty: present === undefined,
  present,
  queued: undefined,
  ...more,
});

/** The state after one more write. */
const written = (present?: Token, more: Partial<StoredToken> = {}): StoredToken =>
  stored(present, { revision: 2, stamp: 'stamp 2', ...more });

const renewed = token('renewed', { iat: NOW - 100 });
const successor = token('successor', { iat: NOW });
const answered = (more: Partial<AnsweredRenewal> = {}): AnsweredRenewal => ({
  before: stored(renewed),
  now: stored(renewed),
  renewed,
  successor,
  askedAt: NOW - 5,
  revokedAt: undefined,
  ...more,
});

const STORE: Succession = { kind: 'store', isUnchanged: true };
const STORE_OVER_NEWS: Succession = { kind: 'store', isUnchanged: false };
const CHANGED: Succession = { kind: 'changed' };
const other = token('of another license', { lid: 'other', iat: NOW - 1 });
const between = token('uploaded', { iat: NOW - 50 });
const ofTerm = (nbf: number) => token('of a term', { iat: NOW - 50, nbf });

const TABLE: [string, Partial<AnsweredRenewal>, Succession][] = [
  ['nothing changed', {}, STORE],
  ['the license was removed', { now: written(undefined, { generation: 2 }) }, CHANGED],
  ['it was removed and installed again', { now: written(renewed, { generation: 3 }) }, CHANGED],
  ['another license was uploaded', { now: written(other) }, CHANGED],
  ['an older token of it was put back', { now: written(token('older', { iat: NOW - 200 })) }, CHANGED],
  ['a token between the two was uploaded', { now: written(between) }, STORE_OVER_NEWS],
  [
    'one with the same iat and a later exp was uploaded',
    { now: written(token('longer', { iat: NOW, exp: (successor.claims.exp ?? 0) + 1 })) },
    { kind: 'keep', present: token('longer', { iat: NOW, exp: (successor.claims.exp ?? 0) + 1 }) },
  ],
  [
    'another renewal brought the same token',
    { now: written(successor) },
    { kind: 'keep', present: successor },
  ],
  [
    'a newer token of it was uploaded',
    { now: written(token('newest', { iat: NOW + 1 })) },
    { kind: 'keep', present: token('newest', { iat: NOW + 1 }) },
  ],
  [
    'a token whose nbf is later, but was past, was uploaded',
    { now: written(ofTerm(NOW - 10)) },
    STORE_OVER_NEWS,
  ],
  [
    'a token whose nbf came as the issuer was asked was uploaded',
    { now: written(ofTerm(NOW - 5)) },
    STORE_OVER_NEWS,
  ],
  [
    'the term of an uploaded token began while the issuer was asked',
    { now: written(ofTerm(NOW - 4)) },
    CHANGED,
  ],
  [
    'the waiting token came into place, by clocks that differ',
    { before: stored(renewed, { queued: ofTerm(NOW - 10) }), now: written(ofTerm(NOW - 10)) },
    CHANGED,
  ],
  [
    'the renewed one has that nbf too',
    {
      renewed: token('renewed', { iat: NOW - 100, nbf: NOW - 4 }),
      before: stored(token('renewed', { iat: NOW - 100, nbf: NOW - 4 })),
      now: written(ofTerm(NOW - 4)),
    },
    STORE_OVER_NEWS,
  ],
  ['the license was revoked after the answer', { revokedAt: NOW }, { kind: 'revoked' }],
  ['the license was revoked before the answer', { revokedAt: NOW - 1 }, STORE],
  ['a file was renewed and nothing is stored', { before: stored(), now: stored() }, STORE],
  ['a file was renewed beside another license', { before: stored(other), now: stored(other) }, STORE],
  [
    'a file was renewed and its license was uploaded',
    { before: stored(), now: written(between) },
    STORE_OVER_NEWS,
  ],
  ['a file was renewed and another license was uploaded', { before: stored(), now: written(other) }, CHANGED],
  [
    'what is stored does not verify and is the same',
    { before: stored(undefined, { isEmpty: false }), now: stored(undefined, { isEmpty: false }) },
    STORE,
  ],
  [
    'what is stored does not verify and was written since',
    { before: stored(undefined, { isEmpty: false }), now: written(undefined, { isEmpty: false }) },
    CHANGED,
  ],
  [
    'what is stored does not verify and has the counter of another history',
    {
      before: stored(undefined, { isEmpty: false }),
      now: stored(undefined, { isEmpty: false, stamp: 'stamp of a backup' }),
    },
    CHANGED,
  ],
  [
    'the row is empty now and was not',
    { before: stored(undefined, { isEmpty: false }), now: written() },
    CHANGED,
  ],
  ['the queue alone was written', { before: stored(), now: written(undefined, { queued: between }) }, STORE],
];

describe('An answer of the issuer', () => {
  it.each(TABLE)('when %s', (_, more, expected) => {
    expect(decideSuccession(answered(more))).toEqual(expected);
  });

  it('is never stored over a newer token of its license, nor over another license that came meanwhile', () => {
    const anyToken = fc
      .record({
        lid: fc.constantFrom('one', 'two'),
        iat: fc.integer({ min: NOW - 5, max: NOW + 5 }),
        nbf: fc.option(fc.integer({ min: NOW - 9, max: NOW + 1 }), { nil: undefined }),
      })
      .map((claims) => token(JSON.stringify(claims), claims));
    const anyState = fc
      .record({
        generation: fc.constantFrom(1, 2),
        revision: fc.constantFrom(1, 2),
        present: fc.option(anyToken),
      })
      .map(({ present, ...more }) => stored(present ?? undefined, more));
    fc.assert(
      fc.property(anyState, anyState, anyToken, fc.nat(5), fc.nat(9), (before, now, asked, younger, ago) => {
        const answer = token('answer', { lid: asked.claims.lid, iat: asked.claims.iat + younger });
        const renewal = {
          before,
          now,
          renewed: asked,
          successor: answer,
          askedAt: NOW - ago,
          revokedAt: undefined,
        };
        const { kind } = decideSuccession(renewal);
        const { present } = now;
        if (kind !== 'store') return;
        expect(now.generation).toBe(before.generation);
        if (present === undefined || present.token === before.present?.token) return;
        expect(isSameLicense(present.claims, answer.claims)).toBe(true);
        expect(compareTokens(present.claims, answer.claims)).toBeLessThan(0);
        expect(compareTokens(present.claims, asked.claims)).toBeGreaterThanOrEqual(0);
        expect(Math.min(present.claims.nbf ?? 0, NOW - ago + 1)).toBeLessThanOrEqual(
          Math.max(asked.claims.nbf ?? 0, NOW - ago),
        );
      }),
    );
  });
});
