import type { Api } from '#client';
import {
  anotherLicense,
  mainTerms,
  proposalOf,
  termMoment,
  termName,
  termText,
} from '../../../web/src/license/terms.js';

const FEWER: Api.TermChange = { member: 'included_users', before: 50, after: 40, takesAway: true };
const LONGER: Api.TermChange = {
  member: 'lexp',
  before: 1_800_000_000,
  after: 1_900_000_000,
  takesAway: false,
};

const inspection = (changed: Partial<Api.Inspection>): Api.Inspection => ({
  ...{ accepted: true, outcome: 'install', code: null, message: 'The license would be installed.' },
  ...{ requiresAcknowledge: false, license: null, kid: 'k', alg: 'ES256', changes: [] },
  ...changed,
});

describe('what the page offers for a token', () => {
  it.each<[Api.Inspection['outcome'], boolean, ReturnType<typeof proposalOf>['offer']]>([
    ['install', true, 'install'],
    ['queue', true, 'queue'],
    ['unchanged', true, undefined],
    ['stale', false, undefined],
    ['refused', false, undefined],
    ['queue', false, undefined],
  ])('that comes to %j, accepted: %j, is %j', (outcome, accepted, offer) => {
    expect(proposalOf(inspection({ outcome, accepted })).offer).toBe(offer);
  });

  it('names what it takes away, although the service does not ask whether that is known', () => {
    expect(proposalOf(inspection({ changes: [LONGER, FEWER] })).losses).toEqual([FEWER]);
  });

  it('asks about nothing where there is nothing to install', () => {
    const refused = inspection({ outcome: 'refused', accepted: false, changes: [FEWER] });
    expect(proposalOf(refused).losses).toEqual([]);
  });
});

describe('a term of a license', () => {
  it.each<[string, Api.TermValue, string]>([
    ['included_users', 0, '0'],
    ['included_users', 40, '40'],
    ['exp', 1_795_647_009, '2026-11-25 22:50:09 UTC'],
    ['exp', 0, '–'],
    ['lexp', 1e300, '1e+300'],
    ['prod', ['a', 'b'], 'a, b'],
    ['prod', [], '–'],
    ['prod', null, '–'],
    ['company', '', '–'],
    ['usage_billing', false, 'no'],
    ['usage_billing', true, 'yes'],
  ])('%s of %j reads %j', (member, value, text) => {
    expect(termText(member, value)).toBe(text);
  });

  it('is a moment where the claim is one, and only there', () => {
    expect(termMoment('exp', 1_795_647_009)).toBe(1_795_647_009);
    expect(termMoment('included_users', 1_795_647_009)).toBeUndefined();
    expect(termMoment('exp', 0)).toBeUndefined();
  });

  it('that the page does not know has the name of its claim', () => {
    expect(termName('included_users')).toBe('Users');
    expect(termName('toString')).toBe('toString');
  });

  it('is left out of the main ones where the license does not say it', () => {
    const token = {
      company: 'Example',
      account: '',
      lid: 'L',
      jti: 'T',
      sub: 'https://a/',
      prod: null,
    } as Api.Token;
    const rest = { included_users: 0, nbf: 0, lexp: 9, exp: 8, trial: false } as Api.Token;
    expect(mainTerms({ ...token, ...rest }).map(([member]) => member)).toEqual([
      ...['company', 'lid', 'jti', 'sub', 'lexp', 'exp'],
    ]);
  });
});

describe('another license in the place of the present one', () => {
  const change = (member: string, before: Api.TermValue, after: Api.TermValue): Api.TermChange => ({
    ...{ member, before, after, takesAway: false },
  });

  it.each<[string, Api.TermChange[], ReturnType<typeof anotherLicense>]>([
    ['the same one', [FEWER, LONGER], undefined],
    ['the first one', [change('lid', '', 'L-1'), change('company', '', 'Example')], undefined],
    ['of the same company', [change('lid', 'L-1', 'L-2')], { before: 'L-1', after: 'L-2' }],
    [
      'of another company',
      [change('company', 'Example', 'Other'), change('lid', 'L-1', 'L-2')],
      { before: 'L-1 (Example)', after: 'L-2 (Other)' },
    ],
  ])('is named with its company: %s', (_, changes, named) => {
    expect(anotherLicense(changes)).toEqual(named);
  });
});
