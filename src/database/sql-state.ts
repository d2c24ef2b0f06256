import { QueryFailedError } from 'typeorm';

/** The session or its server refuses writes. */
export const READ_ONLY = '25006';

/** A right that the role lacks, or a file that the server may not open. */
export const DENIED = '42501';

/** Another transaction has had the lock for longer than this one may wait. */
export const LOCK_TIMEOUT = '55P03';

/** A table that a statement names is not there. */
export const TABLE_MISSING = '42P01';

/** A row with the same key is there. */
export const KEY_TAKEN = '23505';

/** Another transaction pushed this one aside: the same work can succeed now. */
const PUSHED_ASIDE = ['40001', '40P01'];

/**
 * Nothing was done, and a new session can do it: a feature that this session's state takes away (`0A000`, as
 * "cached plan must not change result type"), prepared statements and cursors that are not there, or there
 * already, behind a proxy.
 */
const SESSIONS_STATE = ['0A000', '26000', '34000', '42P05'];

/**
 * What a statement is to blame for, or what another session does to it: data, constraints, conflicts, rights
 * to do with tables that changed, limits, locks, a time-out, a full disk. A session is as good as before.
 * After everything else it is replaced: what it lacks (`42501` after a change of roles, memory, a catalog
 * that it remembers) a new one may have.
 */
const STATEMENTS = /^(?:21|22|23|40|42(?!501|P05)|44|53100|54|55|57014|P0)/;

/**
 * SQLSTATE classes that say our statement was at fault (data, constraint, syntax). Everything else, and every
 * failure without a state, is the connection, the server or the disk.
 */
const OURS = /^(?:0A|21|22|23|42(?!P05))/;

/** The SQLSTATE of an error of the database; undefined where there is none. */
export function sqlState(error: unknown): string | undefined {
  const source = error instanceof QueryFailedError ? (error.driverError as unknown) : error;
  const code = (source as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** Whether the same work may succeed if it is done again, and has changed nothing. */
export function isWorthRepeating(state: string | undefined): boolean {
  return state !== undefined && [...PUSHED_ASIDE, ...SESSIONS_STATE].includes(state);
}

/** Whether the session can be used again after this error, by its SQLSTATE. */
export function leavesSessionUsable(state: string | undefined): boolean {
  return state !== undefined && STATEMENTS.test(state);
}

/** Whether the program is at fault and not the database, by the SQLSTATE. */
export function isOurFault(state: string | undefined): boolean {
  return state !== undefined && OURS.test(state);
}
