import { isOurFault, isWorthRepeating, leavesSessionUsable } from '../../src/database/sql-state.js';

describe('An error of the database', () => {
  it.each([
    // state, the session can be used again, worth repeating, our fault
    ['21000', true, false, true],
    ['22P05', true, false, true],
    ['23505', true, false, true],
    ['40001', true, true, false],
    ['40P01', true, true, false],
    ['42P01', true, false, true],
    ['53100', true, false, false],
    ['55P03', true, false, false],
    ['57014', true, false, false],
    ['08006', false, false, false],
    ['0A000', false, true, true],
    ['25006', false, false, false],
    ['25P03', false, false, false],
    ['26000', false, true, false],
    ['28000', false, false, false],
    ['34000', false, true, false],
    ['42501', false, false, true],
    ['42P05', false, true, false],
    ['53200', false, false, false],
    ['57P01', false, false, false],
    ['57P05', false, false, false],
    ['58030', false, false, false],
    ['XX000', false, false, false],
    [undefined, false, false, false],
  ])('%s: session usable %s, worth repeating %s, ours %s', (state, usable, repeating, ours) => {
    expect([leavesSessionUsable(state), isWorthRepeating(state), isOurFault(state)]).toEqual([
      usable,
      repeating,
      ours,
    ]);
  });
});
