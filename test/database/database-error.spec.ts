import { QueryFailedError } from 'typeorm';
import {
  asDatabaseError,
  isBusy,
  isOutOfReach,
  tooManyWaiting,
  unavailable,
} from '../../src/database/database-error.js';

const UNREACHABLE = 'The database is not available.';

/** As a driver reports it. */
function failure(code: string): Error {
  return new QueryFailedError('SELECT 1', [], Object.assign(new Error('a secret of the server'), { code }));
}

describe('A failure of the database', () => {
  it.each([
    [
      'a lock that another change has',
      '55P03',
      'The database is busy: another change did not end in time.',
      false,
    ],
    ['a server that takes no changes', '25006', 'The database is read only: it takes no changes.', false],
    ['a server that shuts down', '57P01', UNREACHABLE, true],
    ['a connection that was lost', '08006', UNREACHABLE, true],
    ['a full disk', '53100', UNREACHABLE, true],
  ])('says what is true of %s', (_, state, message, outOfReach) => {
    const error = asDatabaseError(failure(state));
    expect(error).toMatchObject({ code: 'database.unavailable', message, retryAfter: 2 });
    expect(isOutOfReach(error)).toBe(outOfReach);
    expect(isBusy(error)).toBe(state === '55P03');
  });

  it('is none where too much waits in the process', () => {
    const error = tooManyWaiting('changes');
    expect([error.code, error.message, error.retryAfter]).toEqual([
      'database.unavailable',
      'The database is busy: too many changes are waiting.',
      5,
    ]);
    expect([isBusy(error), isBusy(unavailable(new Error('gone'))), isBusy(new Error('other'))]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('passes where the statement is at fault', () => {
    const error = failure('23505');
    expect(asDatabaseError(error)).toBe(error);
  });
});
