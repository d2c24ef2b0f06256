import type { Api } from '#client';
import {
  bandsOf,
  factsOf,
  lanesOf,
  lastMoment,
  marksOf,
  readoutAt,
  scaleOf,
} from '../../../web/src/pictures/timeline-model.js';
import { DAY, EXPLANATION, LICENSED, NOW, RENEWAL, SOURCE, TIMELINE, UNLICENSED } from '../license-state.js';

const QUEUED: Api.ExplainedSource = {
  ...SOURCE,
  source: 'queue',
  state: 'waiting',
  lid: 'L-2',
  jti: 'T-9',
  nbf: NOW + 365 * DAY,
  iat: NOW,
  exp: NOW + 372 * DAY,
  lexp: NOW + 730 * DAY,
};

describe('the bands of the check', () => {
  it('join what is answered alike, from now to the right end', () => {
    expect(bandsOf(TIMELINE, { from: NOW, to: NOW + 10 * DAY })).toEqual([
      { from: NOW, to: NOW + 5 * DAY, tone: 'good' },
      { from: NOW + 5 * DAY, to: NOW + 7 * DAY, tone: 'warn' },
      { from: NOW + 7 * DAY, to: NOW + 10 * DAY, tone: 'bad' },
    ]);
  });

  it('end where the picture ends', () => {
    expect(bandsOf(TIMELINE, { from: NOW, to: NOW + 2 * DAY })).toEqual([
      { from: NOW, to: NOW + 2 * DAY, tone: 'good' },
    ]);
  });

  it('are unknown while the check answers 503', () => {
    expect(bandsOf({ ...TIMELINE, answer: null }, { from: NOW, to: NOW + DAY })[0]?.tone).toBe('unknown');
  });
});

describe('the lanes of the sources', () => {
  it('have the token within its term, and the warnings of the active license', () => {
    expect(lanesOf(LICENSED)).toEqual([
      {
        source: 'database',
        state: 'used',
        term: { from: NOW, to: NOW + 365 * DAY },
        token: { from: NOW, to: NOW + 7 * DAY },
        warnings: [
          { from: NOW + 5 * DAY, to: NOW + 7 * DAY },
          { from: NOW + 335 * DAY, to: NOW + 365 * DAY },
        ],
      },
    ]);
  });

  it('have the queued term, without warnings that are not known', () => {
    const explanation = { ...EXPLANATION, sources: [SOURCE, QUEUED] };
    expect(lanesOf({ ...LICENSED, explanation })[1]).toEqual({
      source: 'queue',
      state: 'waiting',
      term: { from: NOW + 365 * DAY, to: NOW + 730 * DAY },
      token: { from: NOW, to: NOW + 372 * DAY },
      warnings: [],
    });
  });

  it('are none without a license', () => {
    expect(lanesOf(UNLICENSED)).toEqual([]);
  });
});

describe('the last moment for a renewal', () => {
  it.each<[string, Api.Timeline, number | undefined]>([
    ['is when the check turns false', TIMELINE, NOW + 7 * DAY],
    ['is not there while the check is false', { ...TIMELINE, answer: false }, undefined],
    ['is not there where nothing ends', { ...TIMELINE, transitions: [] }, undefined],
  ])('%s', (_, timeline, at) => {
    expect(lastMoment(timeline)).toBe(at);
  });
});

describe('the marks', () => {
  it('are in the order of time', () => {
    expect(marksOf(LICENSED).map(({ kind }) => kind)).toEqual(['now', 'attempt', 'due', 'last']);
  });

  it('have no attempt where nothing renews by itself', () => {
    const marks = marksOf({ ...LICENSED, renewal: { ...RENEWAL, automatic: false } });
    expect(marks.map(({ kind }) => kind)).toEqual(['now', 'due', 'last']);
  });

  it('have an attempt that is overdue at the present', () => {
    const marks = marksOf({ ...LICENSED, renewal: { ...RENEWAL, nextAttempt: NOW - 60 } });
    expect(marks).toContainEqual({ kind: 'attempt', at: NOW });
  });
});

describe('what is drawn', () => {
  const explanation = { ...EXPLANATION, sources: [SOURCE, QUEUED] };

  it('is the life of the token, with what comes after it', () => {
    const { from, to } = scaleOf(LICENSED, 'token');
    expect([from, to > NOW + 7 * DAY, to < NOW + 8 * DAY]).toEqual([NOW, true, true]);
  });

  it('is all terms, the queued one too', () => {
    const { from, to } = scaleOf({ ...LICENSED, explanation }, 'term');
    expect([from, to > NOW + 730 * DAY]).toEqual([NOW, true]);
  });

  it('of a license without an end is some decades', () => {
    const endless = { ...SOURCE, lexp: 253_402_300_799 };
    const { to } = scaleOf({ ...LICENSED, explanation: { ...EXPLANATION, sources: [endless] } }, 'term');
    expect(to).toBeLessThan(NOW + 35 * 365 * DAY);
  });

  it('of an expired token begins with it', () => {
    const old = { ...SOURCE, iat: NOW - 9 * DAY, exp: NOW - 2 * DAY };
    const { from } = scaleOf({ ...LICENSED, explanation: { ...EXPLANATION, sources: [old] } }, 'token');
    expect(from).toBe(NOW - 9 * DAY);
  });
});

describe('the table of the line of time', () => {
  it('has each moment once, with all that happens then', () => {
    const facts = factsOf(LICENSED);
    expect(facts.map(({ at, answer }) => [(at - NOW) / DAY, answer])).toEqual([
      [0, true],
      [1 - 1 / 24, true],
      [1, true],
      [5, true],
      [7, false],
      [365, false],
    ]);
    expect(facts[4]?.what).toEqual([
      'The check turns false',
      'Last moment for a renewal',
      'The token expires (Database)',
    ]);
  });
});

describe('the answer at a moment', () => {
  it.each<[number, string, string]>([
    [0, 'the check answers true', 'The license is valid.'],
    [6, 'the check answers true', 'Warning: the token ends soon.'],
    [7, 'the check answers false', 'The license token has expired'],
    [400, 'the check answers false', '"lexp" has passed'],
  ])('after %d days says what and why', (days, what, why) => {
    const text = readoutAt(TIMELINE, NOW + days * DAY, 'Then').join(' ');
    expect(text).toContain(`Then: ${what}.`);
    expect(text).toContain(why);
  });
});
