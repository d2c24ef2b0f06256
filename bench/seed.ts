import { createHmac } from 'node:crypto';
import pg from 'pg';
import { createServiceAccountToken, hashToken } from '../src/access/service-account-token.js';

/** The role that may check. */
export const READER = 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE';
const ROWS_AT_ONCE = 10_000;

/** What asks a database: a connection to PostgreSQL, or TypeORM's source. */
export interface Queries {
  query(sql: string, parameters?: unknown[]): Promise<unknown>;
}

/**
 * Makes service accounts that may check, by SQL: so many requests would take too long.
 * @returns one token of each account
 */
export async function seedCallers(
  address: string,
  accounts: number,
  tokensOfEach: number,
): Promise<string[]> {
  const client = new pg.Client({ connectionString: address });
  await client.connect();
  try {
    const { rows } = await client.query<{ id: number }>(
      `INSERT INTO service_account (name, login, role, is_disabled, created_at, updated_at)
       SELECT 'robot ' || n, 'robot-' || n, 'None', false, now(), now() FROM generate_series(1, $1::int) AS n
       RETURNING id`,
      [accounts],
    );
    const ids = rows.map(({ id }) => id);
    await client.query(
      `INSERT INTO role_assignment (service_account_id, role_uid, created_at)
       SELECT id, $2, now() FROM unnest($1::int[]) AS id`,
      [ids, READER],
    );
    let tokens: string[] = [];
    for (let of = 0; of < tokensOfEach; of += 1) {
      tokens = ids.map(() => createServiceAccountToken());
      await client.query(
        `INSERT INTO service_account_token
           (service_account_id, name, hash, created, expires_at, last_used_at, is_revoked, ceiling)
         SELECT id, $3, hash, now(), NULL, NULL, false, ARRAY['*'] FROM unnest($1::int[], $2::text[]) AS one (id, hash)`,
        [ids, tokens.map(hashToken), `token ${of}`],
      );
    }
    await readEverything(client);
    return tokens;
  } finally {
    await client.end();
  }
}

/** Makes a custom role that may check, and gives it to every account. */
export async function seedCustomRole(database: Queries, uid: string): Promise<void> {
  await database.query(
    `WITH role AS (
       INSERT INTO custom_role (uid, name, display_name, description, role_group, actions, version, created_at, updated_at)
       VALUES ($1, $2, '', '', '', '{licensing:read}', 1, now(), now()))
     INSERT INTO role_assignment (service_account_id, role_uid, created_at)
     SELECT id, $1, now() FROM service_account`,
    [uid, `custom:${uid}`],
  );
  await readEverything(database);
}

/** Has every replica read all accounts and tokens again, as after a restore. */
export async function readEverything(database: Queries): Promise<void> {
  await database.query('UPDATE snapshot_version SET version = version + 1');
}

/**
 * Puts subjects in the place of those that are there: half of them were seen last in the 30 days before, the others in the
 * 13 months before. In the shape that reports leave behind.
 * @param key - the service's `USAGE_HASH_KEY`
 */
export async function seedSubjects(database: Queries, count: number, key: string): Promise<void> {
  const today = Math.floor(Date.now() / 86_400_000);
  await database.query('TRUNCATE usage_subject, usage_count, usage_denial, usage_day, usage_open_day');
  await database.query('UPDATE usage_state SET started_day = NULL');
  for (let first = 0; first < count; first += ROWS_AT_ONCE) {
    const subjects = Array.from({ length: Math.min(ROWS_AT_ONCE, count - first) }, (_, index) =>
      createHmac('sha256', key)
        .update(`user\0user ${first + index}`)
        .digest('base64url'),
    );
    await database.query(
      `INSERT INTO usage_subject (subject, role, first_day, last_day, role_at, freed_at)
       SELECT subject, 'viewer', $2::int - 390, $2::int - (CASE WHEN n % 2 = 0 THEN n % 30 ELSE n % 390 END)::int,
         ($2::bigint - 390) * 86400, NULL
       FROM unnest($1::text[]) WITH ORDINALITY AS one (subject, n)`,
      [subjects, today],
    );
  }
  await database.query(
    `INSERT INTO usage_count (day, role, shard, subjects)
     SELECT last_day, role, shard, count(*)
     FROM (SELECT *, abs(hashtext(subject)) % 4 AS shard FROM usage_subject) AS one GROUP BY last_day, role, shard`,
  );
  await database.query('ANALYZE usage_subject, usage_count');
}
