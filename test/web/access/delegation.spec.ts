import { holdsRole, isCustom } from '../../../web/src/access/delegation.js';

const READER = { actions: ['licensing:read', 'roles:write'], unlimited: false };
const ADMINISTRATOR = { ...READER, unlimited: true };
const role = (uid: string, ...actions: string[]) => ({
  uid,
  permissions: actions.map((action) => ({ action, scope: '' as const })),
});

describe('a role', () => {
  it.each([
    ['that gives what the caller holds', READER, role('a', 'licensing:read')],
    ['that gives nothing', READER, role('a')],
    ['of administrators, to one of them', ADMINISTRATOR, role('basic_grafana_admin', 'licensing:read')],
  ])('%s can be given', (_, caller, given) => {
    expect(holdsRole(caller, given)).toBe(true);
  });

  it.each([
    ['that gives more', READER, role('a', 'licensing:read', 'licensing:write')],
    [
      'of administrators, by a caller who has its actions',
      READER,
      role('basic_grafana_admin', 'roles:write'),
    ],
    ['of administrators that gives more', ADMINISTRATOR, role('basic_grafana_admin', 'licensing:write')],
  ])('%s cannot be given', (_, caller, given) => {
    expect(holdsRole(caller, given)).toBe(false);
  });

  it('can be changed where an operator made it', () => {
    expect(isCustom({ created: '2026-01-01T00:00:00Z' })).toBe(true);
    expect(isCustom({ created: null })).toBe(false);
  });
});
