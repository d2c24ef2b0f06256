import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What happened to each license, and which key signed its tokens. Of a license from before this, the last
 * moment that one of its tokens can expire is noted for each key that there is: none is retired too early.
 */
export class AuthorityHistory1766000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE license_event (
        id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
        lid text NOT NULL,
        at timestamptz NOT NULL,
        kind text NOT NULL,
        actor text,
        instance text,
        version text,
        jti text,
        kid text,
        iat bigint,
        exp bigint,
        detail jsonb,
        CONSTRAINT license_event_pkey PRIMARY KEY (id),
        CONSTRAINT license_event_lid_fkey FOREIGN KEY (lid) REFERENCES issued_license (lid),
        CONSTRAINT license_event_kind CHECK (kind IN ('recorded', 'issued', 'renewed', 'token', 'changed', 'prolonged',
          'suspended', 'resumed', 'revoked', 'repaired')),
        CONSTRAINT license_event_token CHECK (num_nonnulls(kid, iat, exp) IN (0, 3))
      )`);
    await runner.query(`CREATE INDEX license_event_lid_idx ON license_event (lid, id)`);
    await runner.query(`CREATE INDEX license_event_kid_idx ON license_event (kid, exp)`);
    await runner.query(`
      INSERT INTO license_event (lid, at, kind, kid, iat, exp)
      SELECT lid, issued_license.created_at, 'recorded', kid, last_iat,
        LEAST(GREATEST(last_iat, ahead_iat, nbf) + token_seconds, lexp)
      FROM issued_license CROSS JOIN signing_key
      WHERE state IN ('active', 'verify-only')
      ORDER BY issued_license.created_at, lid, kid`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE license_event`);
  }
}
