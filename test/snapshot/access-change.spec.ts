import { accessChange } from '../../src/snapshot/access-change.js';

const known = { version: 7, stamp: 'g' };

/** The change from a state to the next one; stamps are letters, in the order of their versions. */
const change = (version: number, former: string, stamp: string, ...ids: string[]) => ({
  version,
  stamp,
  formerStamp: former,
  serviceAccountIds: ids,
  rolesChanged: false,
});

describe('What changed between two states', () => {
  it('are those of all changes between them', () => {
    const changes = [change(8, 'g', 'h', '3'), change(9, 'h', 'i'), change(10, 'i', 'j', '3', '5')];
    expect(accessChange(known, { version: 10, stamp: 'j' }, changes)).toEqual({
      accounts: new Set([3, 5]),
      roles: false,
    });
  });

  it('are none after changes of the license', () => {
    const found = accessChange(known, { version: 8, stamp: 'h' }, [change(8, 'g', 'h')]);
    expect(found).toEqual({ accounts: new Set(), roles: false });
  });

  it('have custom roles among them where one of the changes says so', () => {
    const changes = [
      change(8, 'g', 'h'),
      { ...change(9, 'h', 'i', '3'), rolesChanged: true },
      change(10, 'i', 'j'),
    ];
    const found = accessChange(known, { version: 10, stamp: 'j' }, changes);
    expect(found).toEqual({ accounts: new Set([3]), roles: true });
  });

  it.each([
    ['no change is recorded', { version: 8, stamp: 'h' }, []],
    ['the first one was removed', { version: 9, stamp: 'i' }, [change(9, 'h', 'i')]],
    [
      'one between was a former release’s',
      { version: 10, stamp: 'j' },
      [change(8, 'g', 'h'), change(10, 'i', 'j')],
    ],
    ['a release without stamps made it', { version: 9, stamp: 'h' }, [change(8, 'g', 'h')]],
    ['one without stamps is between', { version: 9, stamp: 'i' }, [change(9, 'g', 'i')]],
    ['the last one is not recorded', { version: 9, stamp: 'i' }, [change(8, 'g', 'h')]],
    ['a restore replaced the known state', { version: 8, stamp: 'h' }, [change(8, 'x', 'h')]],
    [
      'a row of another history is between',
      { version: 10, stamp: 'j' },
      [change(8, 'g', 'h'), change(9, 'h', 'x'), change(10, 'i', 'j')],
    ],
    ['the last row is of another history', { version: 8, stamp: 'h' }, [change(8, 'g', 'x')]],
    ['the present state is older', { version: 6, stamp: 'f' }, []],
    ['the present state is another one of the same version', { version: 7, stamp: 'x' }, []],
  ])('are unknown where %s', (_, present, changes) => {
    expect(accessChange(known, present, changes)).toBeUndefined();
  });
});
