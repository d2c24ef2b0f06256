import { ACTIONS } from '../../src/domain/actions.js';
import { actionsOf, ADMINISTRATOR_ROLE, findRole, ROLES } from '../../src/access/roles.js';
import { EVERYTHING, FIXED_ROLES } from './fixed-roles.js';

const sorted = (actions: Iterable<string>) => [...actions].sort();

describe('The roles', () => {
  it('are exactly those of the contract, uid and all', () => {
    const built = ROLES.map(({ name, uid, actions }) => ({ name, uid, actions: sorted(actions) }));
    expect(built).toEqual(FIXED_ROLES.map((role) => ({ ...role, actions: sorted(role.actions) })));
  });

  it('give the administrator every action there is, and each action to another role too', () => {
    expect(sorted(ADMINISTRATOR_ROLE.actions)).toEqual(sorted(ACTIONS));
    expect(sorted(new Set(EVERYTHING))).toEqual(sorted(ACTIONS));
    const others = ROLES.filter((role) => role !== ADMINISTRATOR_ROLE).flatMap(({ actions }) => actions);
    expect(sorted(new Set(others))).toEqual(sorted(ACTIONS));
  });

  it('have a description each, short enough for a custom role', () => {
    for (const { description } of ROLES) expect(description).toMatch(/^[A-Z][^*]{9,80}$/);
    expect(new Set(ROLES.map(({ description }) => description)).size).toBe(ROLES.length);
  });

  it('never name an action by its old name', () => {
    expect([...ACTIONS, ...EVERYTHING]).not.toContain('licensing:update');
  });

  it('add up, and a uid that no role has gives nothing', () => {
    const reader = FIXED_ROLES.find(({ name }) => name === 'fixed:licensing:reader');
    const rolesReader = FIXED_ROLES.find(({ name }) => name === 'fixed:roles:reader');
    expect(sorted(actionsOf([reader?.uid ?? '', rolesReader?.uid ?? '']))).toEqual(
      sorted([...(reader?.actions ?? []), ...(rolesReader?.actions ?? [])]),
    );
    expect(actionsOf(['fixed_gone', '', 'constructor', '__proto__']).size).toBe(0);
    expect(actionsOf([]).size).toBe(0);
    expect(findRole('toString')).toBeUndefined();
  });
});
