import type { Api } from '#client';
import {
  attemptWord,
  outcomeWord,
  prospectOf,
  renewalFacts,
  toneOfOutcome,
} from '../../../web/src/pictures/renewal-model.js';
import { DAY, LICENSED, NOW, TIMELINE } from '../license-state.js';

const BACK: Api.Transition = { ...TIMELINE.transitions[0]!, at: NOW + 3 * DAY, answer: true };

describe('if no renewal succeeds', () => {
  it.each<[string, Api.Timeline, string, string, number | undefined]>([
    ['the check turns false', TIMELINE, 'good', 'turns false on', NOW + 7 * DAY],
    ['it is warned', { ...TIMELINE, warnings: ['token-ends-soon'] }, 'warn', 'turns false on', NOW + 7 * DAY],
    ['it stays true without an end', { ...TIMELINE, transitions: [] }, 'good', 'stays true', undefined],
    ['it stays false', { ...TIMELINE, answer: false, transitions: [] }, 'bad', 'answers false', undefined],
    [
      'a queued license brings it back',
      { ...TIMELINE, answer: false, transitions: [BACK] },
      'warn',
      'turns true by itself on',
      BACK.at,
    ],
    ['it is not known', { ...TIMELINE, answer: null }, 'unknown', 'not known', undefined],
  ])('%s', (_, timeline, tone, text, at) => {
    expect(prospectOf(timeline)).toEqual({ tone, text: expect.stringContaining(text), at });
  });
});

describe('an outcome', () => {
  it.each([
    ['renewed', 'good', 'Renewed'],
    ['unchanged', 'good', 'Nothing newer'],
    ['not-due', 'warn', 'Nothing newer, although it is due'],
    ['issuer.refused', 'bad', 'issuer.refused'],
    ['toString', 'bad', 'toString'],
    [null, 'unknown', 'none yet'],
  ])('%s is %s: %s', (outcome, tone, word) => {
    expect([toneOfOutcome(outcome), outcomeWord(outcome)]).toEqual([tone, word]);
  });
});

describe('an attempt', () => {
  it.each<[string | null, Api.RenewalAttempt['cause'], string]>([
    ['renewed', null, 'Renewed'],
    ['issuer.unavailable', 'dns', 'issuer.unavailable (dns)'],
    [null, null, 'Not finished'],
  ])('with the outcome %j and the cause %j is "%s"', (result, cause, word) => {
    expect(attemptWord({ outcome: result, cause })).toBe(word);
  });
});

describe('the table of renewal health', () => {
  it('has the sentence of the picture as a fact', () => {
    expect(renewalFacts(LICENSED)).toContainEqual({
      name: 'The check turns false without a renewal',
      value: NOW + 7 * DAY,
    });
  });
});
