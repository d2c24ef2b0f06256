import { comingEvents } from '../../web/src/events.js';
import { glanceAt } from '../../web/src/glance.js';
import type { LicenseState } from '../../web/src/license-state.js';
import { DAY, EXPLANATION, LICENSED, NOW, RENEWAL, TIMELINE, TOKEN, UNLICENSED } from './license-state.js';

const with_ = (parts: Partial<LicenseState>): LicenseState => ({ ...LICENSED, ...parts });

describe('the five answers', () => {
  it('of a valid license that renews by itself', () => {
    expect(glanceAt(LICENSED)).toEqual({
      licensed: { tone: 'good', main: 'Licensed', note: 'Your product asks the check, which answers true.' },
      until: {
        tone: 'good',
        main: NOW + 7 * DAY,
        note: 'then the check turns false, unless its issuer renews it before',
        and: { term: 'With renewals it lasts until', at: NOW + 365 * DAY },
      },
      renewal: {
        tone: 'good',
        main: 'Yes, by itself',
        note: '',
        and: { term: 'Next attempt', at: NOW + DAY - 3_600 },
      },
      next: { tone: 'plain', main: 'The service renews', note: '', and: { term: '', at: NOW + DAY - 3_600 } },
      why: {
        tone: 'plain',
        main: 'The license is valid.',
        note: '9 of 9 rules passed, by the license of the database.',
      },
    });
  });

  it('where there is no license say what to do', () => {
    const { licensed, until, renewal, next, why } = glanceAt(UNLICENSED);
    expect([licensed.tone, licensed.main, until.main, renewal.main, next.main, why.main]).toEqual([
      ...[
        'bad',
        'Not licensed',
        'Until one is installed',
        'Nothing to renew',
        'Nothing',
        'There is no license.',
      ],
    ]);
    expect(until.note).toBe('Time alone does not make it valid.');
  });

  it('of a license that is not valid say that it takes another token', () => {
    const invalid = { ...TIMELINE, answer: false };
    const { until } = glanceAt(
      with_({ timeline: invalid, explanation: { ...EXPLANATION, nextChange: null } }),
    );
    expect(until.main).toBe('Until it is renewed or replaced');
  });

  it('while the keys are away say that it is not known', () => {
    const { licensed } = glanceAt(with_({ timeline: { ...TIMELINE, answer: null } }));
    expect([licensed.tone, licensed.main]).toEqual(['unknown', 'Not known']);
  });

  it('with a warning are no plain yes', () => {
    const { licensed, until } = glanceAt(
      with_({ timeline: { ...TIMELINE, warnings: ['license-ends-soon'] } }),
    );
    expect([licensed.tone, licensed.main, until.tone]).toEqual(['warn', 'Licensed', 'warn']);
  });

  it('of a license that ends itself then promise nothing of a renewal', () => {
    const { until } = glanceAt(with_({ token: { ...TOKEN, lexp: NOW + 7 * DAY } }));
    expect([until.note, until.and]).toEqual(['then the check turns false', undefined]);
  });

  it('of a queued license say when the check turns true', () => {
    const { until } = glanceAt(
      with_({
        timeline: { ...TIMELINE, answer: false },
        explanation: {
          ...EXPLANATION,
          answer: false,
          nextChange: { ...EXPLANATION.nextChange!, answer: true, at: NOW + DAY },
        },
      }),
    );
    expect([until.main, until.note, until.tone]).toEqual([NOW + DAY, 'then the check turns true', 'plain']);
  });
});

describe('the answer to "will it renew?"', () => {
  it.each<[string, Partial<LicenseState['renewal']>, string, string]>([
    ['is no where it is off', { automatic: false }, 'warn', 'Not by itself'],
    ['says that it is under way', { underWay: true }, 'plain', 'Renewing now'],
    ['tells of one failure', { failures: 1, message: 'No.' }, 'bad', 'The last attempt failed'],
    ['counts failures', { failures: 3, message: 'No.' }, 'bad', '3 failures in a row'],
  ])('%s', (_, parts, tone, main) => {
    const { renewal } = glanceAt(with_({ renewal: { ...RENEWAL, ...parts } }));
    expect([renewal.tone, renewal.main]).toEqual([tone, main]);
  });

  it('has the reason of the last failure', () => {
    const { renewal } = glanceAt(
      with_({ renewal: { ...RENEWAL, failures: 2, message: 'The license issuer is not available.' } }),
    );
    expect(renewal.note).toBe('The license issuer is not available.');
  });
});

describe('what comes', () => {
  it('is in the order of time, without what concerns no license in use', () => {
    expect(comingEvents(TIMELINE, RENEWAL)).toEqual([
      { at: NOW + DAY - 3_600, text: 'The service renews' },
      { at: NOW + DAY, text: 'The renewal is due' },
      { at: NOW + 5 * DAY, text: 'The token ends soon' },
      { at: NOW + 7 * DAY, text: 'The check turns false' },
    ]);
  });

  it('has no attempt where nothing renews by itself', () => {
    const texts = comingEvents(TIMELINE, { ...RENEWAL, automatic: false }).map(({ text }) => text);
    expect(texts).not.toContain('The service renews');
  });

  it('names the source that takes over', () => {
    const [first] = TIMELINE.transitions;
    const takeover = {
      ...first!,
      changes: ['decidedBy' as const, 'sources' as const],
      renewalDue: false,
      decidedBy: { source: 'file' as const, lid: 'L-2', jti: 'T-2' },
    };
    expect(comingEvents({ ...TIMELINE, transitions: [takeover] }, RENEWAL).map(({ text }) => text)).toContain(
      'File takes over',
    );
  });
});
