import { ACTIONS } from '../../src/domain/actions.js';
import type { Caller } from '../../src/domain/caller.js';
import { ADMINISTRATOR_ROLE, actionsOf } from '../../src/access/roles.js';
import { ceilingOf, ceilingWithoutRecord, limit } from '../../src/access/token-ceiling.js';

const READER = 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE';
const ROLES_WRITER = 'fixed_W5aFaw8isAM27x_eWfElBhZ0iOc';
const MADE = new Date('2026-01-01T12:00:00Z');
const before = new Date(MADE.getTime() - 1);
const after = new Date(MADE.getTime() + 1);

const callerWith = (...uids: string[]): Caller => ({
  id: 'service-account:1',
  name: 'one',
  actions: actionsOf(uids),
  unlimited: uids.includes(ADMINISTRATOR_ROLE.uid),
});

describe('The ceiling of a token', () => {
  it('is every action of its maker; an administrator’s has no limit', () => {
    expect(ceilingOf(callerWith(READER))).toEqual(['licensing.reports:read', 'licensing:read']);
    expect(ceilingOf({ actions: new Set(ACTIONS) })).toEqual([...ACTIONS].sort());
    expect(ceilingOf(callerWith(ADMINISTRATOR_ROLE.uid))).toEqual(['*']);
  });

  it.each([
    ['a role from before', [{ roleUid: READER, createdAt: before }], [...actionsOf([READER])].sort()],
    ['a role of the same moment', [{ roleUid: READER, createdAt: MADE }], []],
    ['a role from after', [{ roleUid: ADMINISTRATOR_ROLE.uid, createdAt: after }], []],
    ['the administrator’s role from before', [{ roleUid: ADMINISTRATOR_ROLE.uid, createdAt: before }], ['*']],
    ['no role', [], []],
  ])('that a former release did not store is what the account had: %s', (_, roles, ceiling) => {
    expect(ceilingWithoutRecord(MADE, roles)).toEqual(ceiling);
  });

  it('takes away what it lacks, and says so', () => {
    const caller = callerWith(READER, ROLES_WRITER);
    expect(limit(caller, ['*'])).toBe(caller);
    expect(limit(caller, ['licensing:read', 'licensing:delete'])).toEqual({
      ...caller,
      actions: new Set(['licensing:read']),
      withheld: new Set([...caller.actions].filter((action) => action !== 'licensing:read')),
    });
    expect(limit(callerWith(ADMINISTRATOR_ROLE.uid), [...ACTIONS])).toMatchObject({ unlimited: false });
  });
});
