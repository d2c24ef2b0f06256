import { type DataSource, QueryFailedError } from 'typeorm';
import { ServiceError } from '../domain/service-error.js';
import { isEmbedded } from './data-source-options.js';
import { EmbeddedDirectoryError, EmbeddedDirectoryLostError } from './embedded/embedded-directory-error.js';
import { DENIED, sqlState, TABLE_MISSING } from './sql-state.js';

/** Why a database cannot be used, as `/readyz` and `/api/health` say it: a word without names or addresses. */
export type DatabaseFault = 'unreachable' | PermanentFault['reason'];

/** A fault that stays until an operator changes something. */
export interface PermanentFault {
  readonly reason:
    'credentials-refused' | 'no-such-database' | 'tables-missing' | 'directory-unusable' | 'directory-lost';
  /** What to do: a sentence or two; empty where the error says it itself. */
  readonly remedy: string;
}

const ELSEWHERE = 'or use another directory: DATABASE_URL=pglite://<directory> (npm start: ./data).';
const OTHER_DIRECTORY = `Correct the path, ${ELSEWHERE}`;
const PARAMETERS = 'Correct the parameters after "?" in DATABASE_URL.';

const DIRECTORY: Readonly<Record<string, string>> = {
  EACCES: `Let the user of this process read and write it, ${ELSEWHERE}`,
  EPERM: `Let the user of this process read and write it, ${ELSEWHERE}`,
  EROFS: `Its file system is read-only: mount it writable, ${ELSEWHERE}`,
  ENOTDIR: `It, or a part of its path, is a file. ${OTHER_DIRECTORY}`,
  ELOOP: OTHER_DIRECTORY,
  ENAMETOOLONG: OTHER_DIRECTORY,
};

const SERVER: Readonly<Record<string, PermanentFault>> = {
  '3D000': {
    reason: 'no-such-database',
    remedy: 'Create it (CREATE DATABASE), or correct the name in DATABASE_URL.',
  },
  '28P01': { reason: 'credentials-refused', remedy: 'Correct the user and the password in DATABASE_URL.' },
  '28000': {
    reason: 'credentials-refused',
    remedy:
      'Correct the user in DATABASE_URL, create the role (CREATE ROLE … LOGIN), or add a line for it to pg_hba.conf.',
  },
  '42501': { reason: 'credentials-refused', remedy: 'GRANT CONNECT ON DATABASE … TO the role.' },
  '22023': { reason: 'credentials-refused', remedy: PARAMETERS },
  '42704': { reason: 'credentials-refused', remedy: PARAMETERS },
};

/**
 * Tells a fault of opening a database that stays until an operator changes something from one that passes: a
 * server that is away, starting or full, an unknown name, a certificate, a full disk.
 *
 * @param code - a system error's code (`EACCES`), or a SQLSTATE by which a server refuses a connection
 * @param syscall - of a system error; a refused `connect` passes, as a firewall or a socket may change
 * @returns undefined for a fault that passes
 */
export function permanentFault(code: string | undefined, syscall?: string): PermanentFault | undefined {
  if (code === undefined || syscall === 'connect') return undefined;
  const remedy = DIRECTORY[code];
  return remedy === undefined ? SERVER[code] : { reason: 'directory-unusable', remedy };
}

/** The database cannot be used until an operator changes something. The message says what it is and what to do. */
export class PermanentFaultError extends Error {
  override readonly name = 'PermanentFaultError';
  readonly reason: PermanentFault['reason'];

  constructor(
    { reason, remedy }: PermanentFault,
    override readonly cause: Error,
  ) {
    const what =
      reason === 'directory-unusable'
        ? 'The directory of the embedded database'
        : 'The database that DATABASE_URL names';
    super(
      remedy === ''
        ? cause.message
        : `${what} cannot be used: ${cause.message.replace(/\.$/, '')}. ${remedy}`,
    );
    this.reason = reason;
  }
}

/**
 * The permanent fault that a failed statement tells of.
 * @param hadTables - whether the start found them: a table that is missing now was lost, or a restore is under way
 * @param dataSource - an embedded Postgres runs as its superuser, so what it is denied is a file
 */
export function statementFault(
  error: unknown,
  hadTables: boolean,
  dataSource: DataSource,
): PermanentFaultError | undefined {
  const state = sqlState(error);
  if (state === TABLE_MISSING && hadTables) {
    const remedy =
      'Restore the database from a backup (docs/operations.md). A restart of this program makes new, empty tables.';
    return new PermanentFaultError({ reason: 'tables-missing', remedy }, error as Error);
  }
  if (state === DENIED && isEmbedded(dataSource)) {
    return new PermanentFaultError(
      { reason: 'directory-unusable', remedy: DIRECTORY.EACCES! },
      error as Error,
    );
  }
  return undefined;
}

/** The permanent fault that an error comes from; undefined where it is none, or a statement's. */
export function findPermanentFault(error: unknown): PermanentFaultError | undefined {
  for (let found = error; found instanceof Error; found = found.cause) {
    if (found instanceof PermanentFaultError) return found;
    const own: unknown = found instanceof QueryFailedError ? found.driverError : found;
    if (own instanceof EmbeddedDirectoryLostError)
      return new PermanentFaultError({ reason: 'directory-lost', remedy: '' }, own);
    if (own instanceof EmbeddedDirectoryError)
      return new PermanentFaultError({ reason: 'directory-unusable', remedy: '' }, own);
    if (found instanceof QueryFailedError) return undefined;
    const { code, syscall } = found as NodeJS.ErrnoException;
    const fault = permanentFault(sqlState(found) ?? (isPasswordMissing(found) ? '28P01' : code), syscall);
    if (fault !== undefined) return new PermanentFaultError(fault, found);
    // An error with a name of ours has its own sentence.
    if (found.name !== 'Error' && !(found instanceof ServiceError)) return undefined;
  }
  return undefined;
}

/** Its message is all that `pg` gives. */
function isPasswordMissing({ message }: Error): boolean {
  return /^SASL: .*password must be a (?:non-empty )?string/.test(message);
}
