import { linkCode, viewAt, visibleViews } from '../../web/src/routes.js';

const READER = ['licensing:read'];

describe('the views of the page', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['a reader', READER, ['overview', 'license']],
    ['a caller without actions', [], []],
    ['a caller with another action', ['licensing.usage:write'], []],
    ['a caller who may read accounts', ['serviceaccounts:read'], ['access']],
    ['an auditor', ['audit:read'], ['audit']],
  ])('are for %s those that would not be refused', (_, actions, ids) => {
    expect(visibleViews(actions).map(({ id }) => id)).toEqual(ids);
  });

  it.each<[string, string, readonly string[], string | undefined]>([
    ['names a view', '#/overview', READER, 'overview'],
    ['names another view', '#/license', READER, 'license'],
    ['is empty', '', READER, 'overview'],
    ['names a view that there is not', '#/nothing', READER, 'overview'],
    ['names a view that the caller may not see', '#/overview', [], undefined],
  ])('follow an address that %s', (_, hash, actions, id) => {
    expect(viewAt(hash, actions)).toBe(id);
  });
});

describe('the code of a sign-in link', () => {
  it.each<[string, string | undefined]>([
    ['#link=abc_DEF-123', 'abc_DEF-123'],
    ['#link=', undefined],
    ['#link=a b', undefined],
    [`#link=${'a'.repeat(201)}`, undefined],
    ['#/overview', undefined],
    ['', undefined],
  ])('of %j is %j', (hash, code) => {
    expect(linkCode(hash)).toBe(code);
  });
});
