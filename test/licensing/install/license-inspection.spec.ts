import { compareTerms } from '../../../src/domain/license/license-changes.js';
import { readLicenseClaims } from '../../../src/domain/license/license-claims.js';
import { judge } from '../../../src/domain/license/license.js';
import { type Decision, outcomeOf } from '../../../src/licensing/install/license-inspection.js';
import { NOW, policy, validClaims } from '../../support/tokens.js';

const claims = readLicenseClaims(validClaims({ included_users: 40 }));
const more = readLicenseClaims(validClaims({ included_users: 50, company: 'Another' }));
const changes = compareTerms(more, claims);
const lost = changes.filter(({ takesAway }) => takesAway);

const decision = (others: Partial<Decision> = {}): Decision => ({
  verdict: judge(claims, policy, NOW),
  waitsUntil: undefined,
  kind: 'replace',
  isStoredValid: true,
  changes: [],
  lost: [],
  fresher: undefined,
  requiresAcknowledge: false,
  ...others,
});

describe('the sentence of an inspection', () => {
  const waitsUntil = Date.UTC(2027, 10, 26, 12) / 1000;
  const WAITS = 'The license is not active yet: queued, it would wait until 2027-11-26T12:00:00Z, its "nbf"';
  const TAKES = 'It takes something away: included_users. This needs "acknowledge": true.';

  it.each<[string, Partial<Decision>, string]>([
    ['that it would be installed', {}, 'The license would be installed.'],
    [
      'that another source has a fresher one',
      { fresher: 'file', changes },
      'The license would be installed, but would not be active: the license of the file is fresher.',
    ],
    [
      'that it takes something away and has to be acknowledged',
      { changes, lost, requiresAcknowledge: true },
      `The license would be installed. ${TAKES}`,
    ],
    ['no more where that need not be acknowledged', { changes, lost }, 'The license would be installed.'],
    ['that it could wait, and until when', { waitsUntil }, `${WAITS}.`],
    [
      'all of it at once',
      { waitsUntil, fresher: 'text', changes, lost, requiresAcknowledge: true },
      `${WAITS}, but would not be active then: the license of the text is fresher. ${TAKES}`,
    ],
    ['that it is stored', { kind: 'unchanged' }, 'This license is stored already.'],
  ])('says %s', (_, others, message) => {
    expect(outcomeOf(decision(others)).message).toBe(message);
  });
});
