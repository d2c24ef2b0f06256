import { applyMigrations } from '../../src/database/migrate.js';
import { testDatabase } from '../support/database.js';
import { openAs, PROGRAMS } from './shape.js';

const NAME = 'TokenCeiling1765600000000';
const READER = 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE';

it('tokens from before it: an administrator’s have no limit, those of lesser makers keep what they give', async () => {
  const program = PROGRAMS.find(({ schema }) => schema.migrations.some(({ name }) => name === NAME));
  if (program === undefined) throw new Error('no program has the migration');
  const before = program.schema.migrations.findIndex(({ name }) => name === NAME);
  const database = await testDatabase('none');
  let dataSource = await openAs({ program, count: before }, database);
  try {
    await applyMigrations(dataSource);
    await dataSource.query(`
      INSERT INTO service_account (id, name, login, role, is_disabled, created_at, updated_at) OVERRIDING SYSTEM VALUE
      SELECT id, 'a' || id, 'sa-a' || id, 'None', false, now(), now() FROM generate_series(1, 3) AS id`);
    await dataSource.query(
      `INSERT INTO role_assignment (service_account_id, role_uid, created_at)
       VALUES (1, $1, now()), (3, 'basic_grafana_admin', now())`,
      [READER],
    );
    await dataSource.query(`
      INSERT INTO service_account_token (id, service_account_id, name, hash, created, is_revoked) OVERRIDING SYSTEM VALUE
      VALUES (1, 1, 'a', 'a', now(), false), (2, 1, 'b', 'b', now(), false), (3, 1, 'c', 'c', now(), false),
        (4, 2, 'd', 'd', now(), false), (5, 3, 'e', 'e', now(), false)`);
    await dataSource.query(`
      INSERT INTO audit_event (at, actor, action, target, detail, request_id)
      SELECT now(), actor, 'service-account.token.create', 'service-account:' || account, jsonb_build_object('tokenId', token), ''
      FROM (VALUES ('administrator:admin', 1, 1), ('service-account:9', 1, 2), ('service-account:9', 2, 4), ('service-account:9', 3, 5))
        AS made (actor, account, token)`);
    await dataSource.destroy();
    dataSource = await openAs({ program, count: program.schema.migrations.length }, database);
    await applyMigrations(dataSource);
    const rows: { ceiling: string[] }[] = await dataSource.query(
      'SELECT ceiling FROM service_account_token ORDER BY id',
    );
    const reader = ['licensing.reports:read', 'licensing:read'];
    expect(rows.map(({ ceiling }) => ceiling)).toEqual([['*'], reader, reader, [], ['*']]);
  } finally {
    await dataSource.destroy();
    await database.drop();
  }
});
