import fc from 'fast-check';
import { type Candidate, rankLicenses } from '../../../src/domain/license/license-choice.js';
import { readLicenseClaims } from '../../../src/domain/license/license-claims.js';
import { LicenseStatus } from '../../../src/domain/license/license.js';
import {
  candidatesOfLocal,
  isValidWithin,
  sightingOf,
  SourceMemory,
} from '../../../src/domain/license/source-memory.js';
import { NOW, type Overrides, policy, validClaims } from '../../support/tokens.js';

const candidate = (overrides: Overrides = {}, revokedAt?: number): Candidate => ({
  source: 'file',
  license: { claims: readLicenseClaims(validClaims(overrides)), fingerprint: 'file' },
  revokedAt,
});

describe('the licenses of a file or text', () => {
  const said = candidate({ iat: NOW - 50, nbf: NOW + 100, exp: NOW + 200 });
  const before = candidate({ iat: NOW - 10 });
  const at = (present: number, moment: number, licenses = [said, before]) =>
    candidatesOfLocal(licenses, policy, present, moment);

  it('are none where it says nothing, and the one where it says one', () => {
    expect(at(NOW, NOW, [])).toEqual([]);
    expect(at(NOW, NOW, [said])).toEqual([said]);
  });

  it('are both until what it says becomes valid, to the second, and that alone afterwards', () => {
    expect(at(NOW, NOW)).toEqual([said, before]);
    expect(at(NOW, NOW + 89)).toEqual([said, before]);
    expect(at(NOW, NOW + 90)).toEqual([said]);
    // Also once that has ended: the one before is forgotten by then.
    expect(at(NOW, NOW + 500)).toEqual([said]);
    expect(at(NOW + 90, NOW + 90)).toEqual([said]);
    expect(at(NOW + 199, NOW + 199)).toEqual([said]);
  });

  it('are both before the present moment: nothing was forgotten then', () => {
    expect(at(NOW + 150, NOW + 149)).toEqual([said, before]);
    expect(at(NOW + 150, NOW)).toEqual([said, before]);
  });

  it('are both for good where what it says had its time, or never gets any', () => {
    expect(at(NOW + 200, NOW + 200)).toEqual([said, before]);
    expect(at(NOW + 200, NOW + 5000)).toEqual([said, before]);
    const foreign = candidate({ sub: 'https://other.example/' });
    expect(at(NOW, NOW + 5000, [foreign, before])).toEqual([foreign, before]);
    const revoked = { ...said, revokedAt: NOW };
    expect(at(NOW, NOW + 5000, [revoked, before])).toEqual([revoked, before]);
  });
});

describe('a candidate within a span', () => {
  const brief = candidate({ iat: NOW - 50, nbf: NOW + 10, exp: NOW + 5 });

  it.each<[string, number, number, boolean]>([
    ['before it begins', NOW - 9, NOW - 1, false],
    ['up to its first second', NOW - 9, NOW, true],
    ['around its whole life', NOW - 9, NOW + 9, true],
    ['in its last second', NOW + 4, NOW + 4, true],
    ['after its end', NOW + 5, NOW + 9, false],
    ['that ends before it begins', NOW + 3, NOW + 2, false],
    ['that is no number', NaN, NaN, false],
  ])('%s', (_, from, until, expected) => {
    expect(isValidWithin(brief, policy, { from, until })).toBe(expected);
  });

  it('is not valid once it was revoked, nor once it was seen expired', () => {
    const span = { from: NOW, until: NOW + 4 };
    expect(isValidWithin({ ...brief, revokedAt: NOW }, policy, span)).toBe(false);
    expect(isValidWithin({ ...brief, judgedFrom: NOW + 5 }, policy, span)).toBe(false);
    expect(
      isValidWithin({ ...brief, judgedFrom: NOW + 4 }, policy, { from: NOW - 20, until: NOW - 15 }),
    ).toBe(true);
  });
});

describe('how a license was found', () => {
  const wall = { from: NOW, until: NOW };
  const early = { from: NOW - 3600, until: NOW - 3600 };
  const next = candidate({ iat: NOW - 7200, nbf: NOW });

  it.each([
    ['surely by both times', next, { wall, earliest: wall, isAnswered: false }, 'sure'],
    ['in doubt by the later time alone', next, { wall, earliest: early, isAnswered: false }, 'doubtful'],
    [
      'in doubt by the earlier time alone, and an answer',
      next,
      { wall: early, earliest: early, isAnswered: true },
      'doubtful',
    ],
    [
      'in doubt without knowledge of revocations',
      next,
      { wall, earliest: undefined, isAnswered: false },
      'doubtful',
    ],
    [
      'in doubt by the earlier time alone',
      next,
      { wall: early, earliest: wall, isAnswered: false },
      'doubtful',
    ],
    ['not at all by neither', next, { wall: early, earliest: early, isAnswered: false }, 'none'],
  ] as const)('%s', (_, one, times, expected) => {
    expect(sightingOf(one, policy, times)).toBe(expected);
  });
});

/** What happens to a file, one thing at a time; the numbers are seconds or places in the list of licenses. */
type Happening =
  | { readonly kind: 'pass' | 'set the clock'; readonly seconds: number }
  | { readonly kind: 'say' | 'revoke' | 'lift'; readonly license: number }
  | { readonly kind: 'look' | 'ask' | 'break' };

/** A file that is looked at now and then, an operator's clock, and a caller. */
class Play {
  readonly memory = new SourceMemory<Candidate['license']>();
  readonly answered = new Set<Candidate['license']>();
  readonly revoked = new Set<Candidate['license']>();
  /** What an answer or a look found valid. */
  readonly seen = new Set<Candidate['license']>();
  /** What was answered with, and not displaced since by another license that truly was valid. */
  owed: Candidate['license'][] = [];
  /** What made way for one that was valid, and was not said again since. */
  readonly displaced = new Set<Candidate['license']>();
  said: Candidate['license'] | undefined;
  /** What the file said at the last look. */
  shown: Candidate['license'] | undefined;
  true = NOW;
  offset = 0;
  lookedAt = NOW;

  constructor(readonly licenses: readonly Candidate['license'][]) {}

  get wall(): number {
    return this.true + this.offset;
  }

  known(license: Candidate['license']): Candidate {
    return { source: 'file', license, revokedAt: this.revoked.has(license) ? NOW + 1000 : undefined };
  }

  isTrulyValid(license: Candidate['license']): boolean {
    return isValidWithin(this.known(license), policy, { from: this.true, until: this.true });
  }

  answer(): Candidate['license'] | undefined {
    const candidates = candidatesOfLocal(
      this.memory.shown.map((license) => this.known(license)),
      policy,
      this.wall,
      this.wall,
    );
    const [first] = rankLicenses(candidates, policy, this.wall);
    return first?.verdict.status === LicenseStatus.Valid ? first.license : undefined;
  }

  /** A license that the file says and that is valid is what counts from now on: nothing is owed to the one before. */
  displace(): void {
    const { shown } = this;
    if (shown === undefined || !this.isTrulyValid(shown)) return;
    this.owed = [shown];
    for (const other of this.licenses) if (other !== shown) this.displaced.add(other);
  }

  go(happening: Happening): void {
    switch (happening.kind) {
      case 'pass':
        for (let second = 0; second < happening.seconds; second += 1) {
          this.true += 1;
          this.displace();
        }
        break;
      case 'set the clock':
        this.offset = happening.seconds;
        break;
      case 'say':
        this.said = this.licenses[happening.license];
        break;
      case 'break':
        this.said = undefined;
        break;
      case 'revoke': {
        const license = this.licenses[happening.license] as Candidate['license'];
        this.revoked.add(license);
        // That it was valid for a moment between two looks is not known, should the revocation be lifted.
        if (!this.seen.has(license)) this.owed = this.owed.filter((one) => one !== license);
        break;
      }
      case 'lift':
        this.revoked.delete(this.licenses[happening.license] as Candidate['license']);
        this.displace();
        break;
      case 'look': {
        const since = this.true - this.lookedAt;
        this.lookedAt = this.true;
        this.memory.look(this.said, (license, when) => {
          const spanTo = (until: number) => ({ from: until - (when === 'now' ? 0 : since), until });
          const times = { wall: spanTo(this.wall), earliest: spanTo(Math.min(this.wall, this.true)) };
          return sightingOf(this.known(license), policy, {
            ...times,
            isAnswered: this.answered.has(license),
          });
        });
        this.shown = this.said;
        if (this.said !== undefined) this.displaced.delete(this.said);
        this.displace();
        for (const one of this.memory.shown) if (this.isTrulyValid(one)) this.seen.add(one);
        break;
      }
      case 'ask': {
        const answer = this.answer();
        if (answer === undefined) break;
        this.answered.add(answer);
        this.seen.add(answer);
        if (!this.owed.includes(answer)) this.owed.unshift(answer);
      }
    }
  }
}

const license = fc.integer({ min: 0, max: 2 });
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pass'), seconds: fc.integer({ min: 0, max: 4 }) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('look', 'ask') }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('say'), license }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('break') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('revoke', 'lift'), license }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('set the clock'), seconds: fc.constantFrom(0, 0, 7, 20) }),
  },
);

describe('what is remembered of a file', () => {
  const found =
    (table: Readonly<Record<string, 'doubtful' | 'sure'>>) =>
    ({ name }: { readonly name: string }, when: string) =>
      table[`${name} ${when}`] ?? 'none';
  const [a, b, c] = ['a', 'b', 'c'].map((name) => ({ name })) as [
    { name: string },
    { name: string },
    { name: string },
  ];

  it('is what was valid since the last look, also where it is not any more', () => {
    const memory = new SourceMemory<{ readonly name: string }>();
    expect(memory.look(a, found({ 'a now': 'sure' }))).toEqual([a]);
    expect(memory.look(b, found({ 'a since-look': 'sure' }))).toEqual([b, a]);
    expect(memory.look(undefined, found({ 'b since-look': 'sure' }))).toEqual([b]);
  });

  it('is not what was valid only before it was said', () => {
    const memory = new SourceMemory<{ readonly name: string }>();
    memory.look(a, found({ 'a now': 'sure' }));
    expect(memory.look(b, found({ 'a since-look': 'sure', 'b since-look': 'sure' }))).toEqual([b, a]);
    expect(memory.look(undefined, found({}))).toEqual([a]);
  });

  it('is two where a clock in doubt found the later one valid, until that is sure', () => {
    const memory = new SourceMemory<{ readonly name: string }>();
    memory.look(a, found({ 'a now': 'sure' }));
    expect(memory.look(b, found({ 'b now': 'doubtful' }))).toEqual([b, a]);
    expect(memory.look(undefined, found({ 'b since-look': 'doubtful' }))).toEqual([b, a]);
    expect(memory.look(c, found({ 'c now': 'doubtful' }))).toEqual([c, a]);
    expect(memory.look(c, found({ 'c now': 'sure' }))).toEqual([c]);
  });

  it('is not what is forgotten', () => {
    const memory = new SourceMemory<{ readonly name: string }>();
    memory.look(a, found({ 'a now': 'sure' }));
    memory.forget(a);
    expect(memory.shown).toEqual([]);
    expect(memory.look(undefined, found({ 'a since-look': 'sure' }))).toEqual([]);
  });

  it('answers as long as it is valid and the file says no other valid one', () => {
    const terms = fc.record({
      iat: fc.integer({ min: NOW - 30, max: NOW + 20 }),
      nbf: fc.integer({ min: NOW - 10, max: NOW + 30 }),
      exp: fc.integer({ min: NOW + 1, max: NOW + 60 }),
    });
    let owed = 0;
    fc.assert(
      fc.property(
        fc.array(terms, { minLength: 3, maxLength: 3 }),
        fc.array(happening, { minLength: 5, maxLength: 40 }),
        (claims, happenings) => {
          const play = new Play(claims.map((one) => candidate(one).license));
          for (const one of happenings) {
            play.go(one);
            // While the clock is wrong, it alone says what is valid.
            if (play.offset !== 0) continue;
            const isOwed = play.owed.some((license) => play.isTrulyValid(license));
            if (!isOwed) continue;
            owed += 1;
            expect(play.answer()).toBeDefined();
          }
        },
      ),
      { numRuns: 1000 },
    );
    expect(owed).toBeGreaterThan(500);
  });

  it('never comes back once another one that the file said was valid, however short that was', () => {
    const terms = fc.record({
      iat: fc.constant(NOW - 100),
      nbf: fc.integer({ min: NOW - 10, max: NOW + 30 }),
      exp: fc.integer({ min: NOW + 1, max: NOW + 30 }),
    });
    let displaced = 0;
    fc.assert(
      fc.property(
        fc.array(terms, { minLength: 3, maxLength: 3 }),
        fc.array(
          happening.filter(({ kind }) => !['revoke', 'lift', 'set the clock'].includes(kind)),
          { minLength: 5, maxLength: 40 },
        ),
        (claims, happenings) => {
          const play = new Play(claims.map((one) => candidate(one).license));
          for (const one of happenings) {
            play.go(one);
            const answer = play.answer();
            // One that lasts shorter than the time between two looks displaces at the second one.
            if (answer === undefined || one.kind !== 'look') continue;
            displaced += play.displaced.size;
            expect(play.displaced.has(answer)).toBe(false);
          }
        },
      ),
      { numRuns: 1000 },
    );
    expect(displaced).toBeGreaterThan(500);
  });
});
