import type { EntityManager } from 'typeorm';
import { NO_LIMIT } from '../access/token-ceiling.js';

/** Has no token of an account give more than it did, nor more than a ceiling. */
export async function lowerCeilings(
  manager: EntityManager,
  account: number,
  ceiling: readonly string[],
): Promise<void> {
  if (ceiling.includes(NO_LIMIT)) return;
  await manager.query(
    `UPDATE service_account_token SET ceiling = CASE WHEN $2 = ANY (ceiling) THEN $3::text[]
       ELSE ARRAY(SELECT action FROM unnest(ceiling) AS action WHERE action = ANY ($3::text[]) ORDER BY action) END
     WHERE service_account_id = $1 AND ceiling IS NOT NULL`,
    [account, NO_LIMIT, ceiling],
  );
}
