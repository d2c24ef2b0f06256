import type { MigrationInterface, QueryRunner } from 'typeorm';

const READER = ['licensing:read', 'licensing.reports:read'];
const ROLES_READER = ['roles:read', 'users.roles:read', 'users.permissions:read'];

/** What the fixed roles give in the release that this migration belongs to. */
const ACTIONS_OF: Readonly<Record<string, readonly string[]>> = {
  fixed_OADpuXvNEylO2Kelu3GIuBXEAYE: READER,
  'fixed_gzbz3rJpQMdaKHt-E4q0PVaKMoE': [...READER, 'licensing:write', 'licensing:delete'],
  'fixed_GkfG-1NSwEGb4hpK3-E3qHyNltc': ROLES_READER,
  fixed_W5aFaw8isAM27x_eWfElBhZ0iOc: [
    ...ROLES_READER,
    'roles:write',
    'roles:delete',
    'users.roles:add',
    'users.roles:remove',
  ],
  fixed_iBvUNUEZBZ7PUW0vdkN5iojc2sk: [
    'serviceaccounts:read',
    'serviceaccounts:create',
    'serviceaccounts:write',
    'serviceaccounts:delete',
    'serviceaccounts.permissions:read',
    'serviceaccounts.permissions:write',
  ],
};

/**
 * What a token can give at most: the actions that its maker held, `*` for all. A token that a service account
 * made before keeps what it gives now, and gains nothing from roles that come later. The release before does
 * not know the column, so during an upgrade its replicas leave it null.
 */
export class TokenCeiling1765600000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE service_account_token ADD COLUMN ceiling text[]');
    const pairs = Object.entries(ACTIONS_OF).flatMap(([uid, actions]) =>
      actions.map((action) => [uid, action] as const),
    );
    await runner.query(
      `UPDATE service_account_token AS token
       SET ceiling = CASE WHEN EXISTS (
         SELECT FROM audit_event AS event
         WHERE event.action = 'service-account.token.create'
           AND event.target = 'service-account:' || token.service_account_id
           AND event.detail ->> 'tokenId' = token.id::text
           AND event.actor NOT LIKE 'service-account:%')
       OR EXISTS (
         SELECT FROM role_assignment AS assignment
         WHERE assignment.service_account_id = token.service_account_id
           AND assignment.role_uid = 'basic_grafana_admin')
       THEN ARRAY['*']
       ELSE ARRAY(
         SELECT DISTINCT given.action
         FROM role_assignment AS assignment
         JOIN unnest($1::text[], $2::text[]) AS given (uid, action) ON given.uid = assignment.role_uid
         WHERE assignment.service_account_id = token.service_account_id
         ORDER BY given.action)
       END`,
      [pairs.map(([uid]) => uid), pairs.map(([, action]) => action)],
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE service_account_token DROP COLUMN ceiling');
  }
}
