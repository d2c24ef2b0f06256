import type { EntityManager } from 'typeorm';
import { actionsOf, ADMINISTRATOR_ROLE, type CustomRoles, ROLES } from '../access/roles.js';
import { ceilingWithoutRecord, limit, NO_LIMIT } from '../access/token-ceiling.js';
import { type Holding, MANAGEMENT } from '../domain/administration.js';
import { DAY } from '../domain/clock.js';

/** Tokens of an account that give the same. */
interface Row {
  readonly account: string;
  readonly created: Date;
  readonly ceiling: string[] | null;
  readonly lasts: boolean;
  readonly roles: readonly string[];
  /** Unix milliseconds, in the order of `roles`. */
  readonly given: readonly string[];
}

/**
 * Whether a token is unlimited, works and lasts: what {@link administrationHoldings} would say of one of them. It finds
 * the first one, however many accounts and tokens there are.
 * @param now - Unix milliseconds
 */
export async function hasLastingAdministrator(manager: EntityManager, now: number): Promise<boolean> {
  const [row] = await manager.query<{ found: boolean }[]>(
    `SELECT EXISTS (
       SELECT FROM role_assignment AS given
       JOIN service_account AS account ON account.id = given.service_account_id AND NOT account.is_disabled
       JOIN service_account_token AS token ON token.service_account_id = account.id AND NOT token.is_revoked
       WHERE given.role_uid = $1 AND (token.expires_at IS NULL OR token.expires_at > $2)
         AND coalesce($3 = ANY (token.ceiling), given.created_at < token.created)) AS found`,
    [ADMINISTRATOR_ROLE.uid, new Date(now + DAY * 1000), NO_LIMIT],
  );
  return row?.found === true;
}

/**
 * What the tokens give that have a power over access at a moment: of enabled accounts, not revoked, not expired.
 * @param now - Unix milliseconds
 */
export async function administrationHoldings(
  manager: EntityManager,
  custom: CustomRoles,
  now: number,
): Promise<Holding[]> {
  const managing = [...ROLES, ...custom.values()].filter(({ actions }) =>
    MANAGEMENT.some((action) => actions.includes(action)),
  );
  const rows = await manager.query<Row[]>(
    `SELECT token.*, held.roles, held.given
     FROM (SELECT service_account_id AS account, ceiling, min(created) AS created,
             bool_or(expires_at IS NULL OR expires_at > $3) AS lasts
           FROM service_account_token
           WHERE service_account_id = ANY (ARRAY(
               SELECT service_account_id FROM role_assignment WHERE role_uid = ANY ($1)))
             AND NOT is_revoked AND (expires_at IS NULL OR expires_at > $2)
           GROUP BY service_account_id, ceiling, CASE WHEN ceiling IS NULL THEN created END) AS token
     JOIN (SELECT service_account_id, array_agg(role_uid ORDER BY role_uid) AS roles,
             array_agg(extract(epoch FROM created_at) * 1000 ORDER BY role_uid) AS given
           FROM role_assignment GROUP BY service_account_id
           HAVING bool_or(role_uid = ANY ($1))) AS held ON held.service_account_id = token.account
     JOIN service_account ON service_account.id = token.account AND NOT service_account.is_disabled`,
    [managing.map(({ uid }) => uid), new Date(now), new Date(now + DAY * 1000)],
  );
  return rows.map((row) => holdingOf(row, custom));
}

function holdingOf({ account, created, ceiling, lasts, roles, given }: Row, custom: CustomRoles): Holding {
  const assignments = roles.map((roleUid, index) => ({ roleUid, createdAt: new Date(Number(given[index])) }));
  const unlimited = roles.includes(ADMINISTRATOR_ROLE.uid);
  const holder = { id: `service-account:${account}`, name: '', actions: actionsOf(roles, custom), unlimited };
  const caller = limit(holder, ceiling ?? ceilingWithoutRecord(created, assignments));
  return { actions: caller.actions, unlimited: caller.unlimited === true, lasts };
}
