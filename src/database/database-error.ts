import { types } from 'node:util';
import {
  QueryFailedError,
  QueryRunnerAlreadyReleasedError,
  QueryRunnerProviderAlreadyReleasedError,
  TransactionNotStartedError,
} from 'typeorm';
import { ServiceError } from '../domain/service-error.js';
import { NumberTakenError } from './identities.js';
import { MigrationFailedError } from './migrate.js';
import { OutdatedReadError } from './outdated-read.js';
import { findPermanentFault } from './permanent-fault.js';
import { isOurFault, LOCK_TIMEOUT, READ_ONLY, sqlState } from './sql-state.js';

const CONNECTION_LOST = [
  QueryFailedError,
  QueryRunnerAlreadyReleasedError,
  QueryRunnerProviderAlreadyReleasedError,
  TransactionNotStartedError,
];

/** The typed error of a database that cannot be reached, or that answers and cannot do the work now. */
export function unavailable(cause: unknown): ServiceError {
  return new ServiceError('database.unavailable', answering(cause), { cause, retryAfter: 2 });
}

const NUMBERING = 'The numbering of the database is behind its rows: it takes no changes.';

/** What is true of a database that answers; undefined where it may be out of reach. */
function answering(cause: unknown): string | undefined {
  const state = sqlState(cause);
  if (cause instanceof NumberTakenError) return NUMBERING;
  if (state === LOCK_TIMEOUT) return 'The database is busy: another change did not end in time.';
  return state === READ_ONLY ? 'The database is read only: it takes no changes.' : undefined;
}

/** Too much waits in this process: nothing was sent to the database. */
class QueueFullError extends Error {
  override readonly name = 'QueueFullError';
}

/** The typed error of work that waited too long for the work before it. @param waiting - as "changes" */
export function tooManyWaiting(waiting: string): ServiceError {
  const cause = new QueueFullError(`too many ${waiting} are waiting`);
  const message = `The database is busy: ${cause.message}.`;
  return new ServiceError('database.unavailable', message, { cause, retryAfter: 5 });
}

export function isUnavailable(error: unknown): error is ServiceError {
  return error instanceof ServiceError && error.code === 'database.unavailable';
}

/** Whether a database is out of reach, and not one that answers and takes no changes, or is busy with another one. */
export function isOutOfReach(error: unknown): boolean {
  return isUnavailable(error) && answering(error.cause) === undefined;
}

/** Whether work gave up waiting for other work, of this process or another one. */
export function isBusy(error: unknown): boolean {
  return isLockTimeout(error) || (isUnavailable(error) && error.cause instanceof QueueFullError);
}

function isLockTimeout(error: unknown): boolean {
  return isUnavailable(error) && sqlState(error.cause) === LOCK_TIMEOUT;
}

/** Maps an error of opening a database: to its permanent fault if it has one, else as {@link asDatabaseError} does. */
export function asOpeningError(error: unknown): unknown {
  return findPermanentFault(error) ?? asDatabaseError(error);
}

/**
 * What callers get: `database.unavailable` where the connection, the server or the disk failed, else the
 * error itself.
 */
export function asDatabaseError(error: unknown): unknown {
  if (error instanceof MigrationFailedError) {
    return asDatabaseError(error.cause) instanceof ServiceError ? unavailable(error) : error;
  }
  if (error instanceof OutdatedReadError) return unavailable(error);
  if (!isDatabaseFailure(error)) return error;
  return isOurFault(sqlState(error)) ? error : unavailable(error);
}

/**
 * Errors with a type of ours pass. `pg` and the embedded driver fail with plain errors when a connection is cut, a
 * pool is exhausted or a directory cannot be opened; TypeORM adds two of its own when a connection dies under it.
 */
export function isDatabaseFailure(error: unknown): boolean {
  if (CONNECTION_LOST.some((type) => error instanceof type)) return true;
  return (
    types.isNativeError(error) &&
    (error.name === 'Error' || 'errno' in error || sqlState(error) !== undefined)
  );
}
