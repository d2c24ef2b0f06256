import { type Action, ACTIONS } from '../../src/domain/actions.js';
import { type Holding, losesAdministrator, MANAGEMENT } from '../../src/domain/administration.js';

const holding = (actions: readonly Action[], fields: Partial<Holding> = {}): Holding => ({
  ...{ actions: new Set(actions), unlimited: false, lasts: true },
  ...fields,
});
const but = (...missing: Action[]) => ACTIONS.filter((action) => !missing.includes(action));

const UNLIMITED = holding(ACTIONS, { unlimited: true });
const ALL = holding(ACTIONS);
const ALL_TODAY = holding(ACTIONS, { lasts: false });
const MANAGER = holding(MANAGEMENT);
const WRITER = holding(['roles:write']);
const READER = holding(['roles:read']);

describe('What a change takes away from those who manage access', () => {
  it.each<[string, Holding[], Holding[], boolean]>([
    ['the only one of later releases goes', [UNLIMITED, ALL], [ALL], true],
    ['one of two goes', [UNLIMITED, UNLIMITED], [UNLIMITED], false],
    ['one with every action is left', [ALL, MANAGER], [ALL], false],
    ['one of later releases takes its place', [ALL], [UNLIMITED], false],
    ['one action is missing afterwards', [ALL], [holding(but('audit:read'))], true],
    ['all that is left can edit roles', [ALL], [WRITER], true],
    ['two share the actions', [ALL], [holding(but(...MANAGEMENT)), MANAGER], true],
    ['several share what manages access', [MANAGER], MANAGEMENT.map((action) => holding([action])), true],
    [
      'nobody both gives roles and makes tokens any more',
      [MANAGER],
      [holding(['roles:write', 'users.roles:add']), holding(['roles:write', 'serviceaccounts:write'])],
      true,
    ],
    ['several shared it before', MANAGEMENT.map((action) => holding([action])), [WRITER], true],
    [
      'one of two that make tokens alone goes',
      [MANAGER, holding(['serviceaccounts:write']), holding(['serviceaccounts:write'])],
      [MANAGER, holding(['serviceaccounts:write'])],
      false,
    ],
    ['the last one to give roles goes', [MANAGER], [holding(['roles:write', 'serviceaccounts:write'])], true],
    ['the last one to make tokens goes', [MANAGER], [holding(['roles:write', 'users.roles:add'])], true],
    ['an action of no use for access goes', [holding(but('audit:read'))], [MANAGER], false],
    ['the last one to edit roles goes', [WRITER], [READER], true],
    ['nothing is left', [ALL], [], true],
    ['there never was one', [READER], [], false],
    ['there are no tokens yet', [], [], false],
    ['the one left expires within a day', [ALL, ALL_TODAY], [ALL_TODAY], true],
    ['all expire within a day, before it too', [ALL_TODAY, ALL_TODAY], [ALL_TODAY], false],
    ['one that lasts edits roles only', [ALL, ALL_TODAY], [WRITER, ALL_TODAY], true],
  ])('where %s', (_, before, after, loses) => {
    expect(losesAdministrator(before, after)).toBe(loses);
  });
});
