import type { EntityManager } from 'typeorm';

/** What replicas do one at a time: the first number of its lock. Two with one number would wait for each other. */
const NUMBERS = {
  admission: 1_430_867_201,
  'closing of days': 1_430_867_202,
  'sessions of a user': 1_430_867_203,
  'sealing of audit records': 1_430_867_204,
  'deletion of subjects': 1_430_867_205,
} as const;

export type LockName = keyof typeof NUMBERS;

/**
 * Waits until no other transaction of this schema, on any replica, holds the lock. The transaction holds it to its end.
 * @param of - what the lock is of; undefined for all that the schema holds
 */
export async function lock(manager: EntityManager, name: LockName, of?: string): Promise<void> {
  await take(manager, 'pg_advisory_xact_lock', name, of);
}

/** The same beside others who share it: it waits for those alone who hold it by {@link lock}. */
export async function lockShared(manager: EntityManager, name: LockName): Promise<void> {
  await take(manager, 'pg_advisory_xact_lock_shared', name);
}

/** The statement that takes it where nobody has it, and does not wait. Its row says whether: `is_locked`. */
export function tryLockStatement(name: LockName): string {
  return `SELECT pg_try_advisory_xact_lock(${NUMBERS[name]}, hashtext(concat(current_schema(), ' '))) AS is_locked`;
}

/** What the last of some statements says: {@link tryLockStatement}. */
export function hasLock(results: unknown): boolean {
  return (results as { rows: { is_locked?: boolean }[] }[]).at(-1)?.rows[0]?.is_locked === true;
}

async function take(manager: EntityManager, call: string, name: LockName, of?: string): Promise<void> {
  await manager.query(`SELECT ${call}($1, hashtext(concat(current_schema(), ' ', $2::text)))`, [
    NUMBERS[name],
    of ?? null,
  ]);
}
