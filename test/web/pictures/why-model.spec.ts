import type { Api } from '#client';
import { decidingSource, stepFor, valueText } from '../../../web/src/pictures/why-model.js';
import { ABSENT, EXPLANATION, SOURCE } from '../license-state.js';

describe('what to do about a license', () => {
  it.each<[Api.SourceState, string | null, string | undefined]>([
    ['used', null, undefined],
    ['stale', null, 'Nothing.'],
    ['waiting', 'license.not-active', 'Wait until it starts'],
    ['waiting', null, 'It takes over by itself.'],
    ['absent', null, 'Nothing, unless'],
    ['broken', 'unreadable', 'the service may read it'],
    ['broken', 'issuer.unavailable', 'it has no keys yet'],
    ['broken', 'license.untrusted', 'Compare ISSUER_ID'],
    ['invalid', 'license.expired', 'Renew it'],
    ['invalid', 'license.subject-mismatch', 'correct ROOT_URL'],
    ['invalid', 'a.later.code', 'Get a new token'],
  ])('that is %s with the code %s', (state, code, text) => {
    const step = stepFor({ state, code });
    if (text === undefined) expect(step).toBeUndefined();
    else expect(step).toContain(text);
  });
});

describe('a value that a rule compares', () => {
  it.each<[Api.ExplainedRule['rule'], Api.ExplainedRule['value'], string]>([
    ['exp', 1_796_474_600, '5 Dec 2026, 12:43'],
    ['iss', 'https://issuer.example', 'https://issuer.example'],
    ['prod', ['a', 'b'], 'a, b'],
    ['signature', null, '–'],
    ['exp', 9e15, '9000000000000000'],
  ])('of %s: %j is "%s"', (rule, value, text) => {
    expect(valueText(rule, value, 'UTC')).toBe(text);
  });
});

describe('the license whose rules are listed', () => {
  it('is the one that decides, not the first', () => {
    const other = { ...SOURCE, source: 'file' as const, state: 'stale' as const };
    expect(decidingSource({ ...EXPLANATION, sources: [other, SOURCE] })).toBe(SOURCE);
  });

  it('is the first with rules where none decides, and none where there is none', () => {
    expect(decidingSource({ ...EXPLANATION, decidedBy: null, sources: [ABSENT, SOURCE] })).toBe(SOURCE);
    expect(decidingSource({ ...EXPLANATION, decidedBy: null, sources: [ABSENT] })).toBeUndefined();
  });
});
