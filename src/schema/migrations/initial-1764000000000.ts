import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The first tables of the service. */
export class Initial1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE snapshot_version (
        id smallint NOT NULL,
        version bigint NOT NULL,
        CONSTRAINT snapshot_version_pkey PRIMARY KEY (id),
        CONSTRAINT snapshot_version_one_row CHECK (id = 1)
      )`);
    await runner.query(`INSERT INTO snapshot_version (id, version) VALUES (1, 1)`);

    await runner.query(`
      CREATE TABLE license (
        id smallint NOT NULL,
        generation bigint NOT NULL,
        revision bigint NOT NULL,
        token text,
        iss text,
        lid text,
        jti text,
        sub text,
        iat bigint,
        exp bigint,
        lexp bigint,
        signing_key jsonb,
        installed_at timestamptz,
        previous_token text,
        CONSTRAINT license_pkey PRIMARY KEY (id),
        CONSTRAINT license_one_row CHECK (id = 1),
        CONSTRAINT license_whole CHECK (
          num_nulls(token, iss, lid, jti, sub, iat, exp, lexp, signing_key, installed_at) IN (0, 10)
        )
      )`);
    await runner.query(`INSERT INTO license (id, generation, revision) VALUES (1, 0, 0)`);

    await runner.query(`
      CREATE TABLE license_revocation (
        iss text NOT NULL,
        lid text NOT NULL,
        iat bigint NOT NULL,
        statement text NOT NULL,
        received_at timestamptz NOT NULL,
        CONSTRAINT license_revocation_pkey PRIMARY KEY (iss, lid)
      )`);

    await runner.query(`
      CREATE TABLE renewal_attempt (
        id uuid NOT NULL,
        generation bigint NOT NULL,
        lid text NOT NULL,
        jti text NOT NULL,
        started_at timestamptz NOT NULL,
        finished_at timestamptz,
        outcome text,
        CONSTRAINT renewal_attempt_pkey PRIMARY KEY (id)
      )`);
    await runner.query(`
      CREATE UNIQUE INDEX renewal_attempt_open_key ON renewal_attempt (generation, lid, jti)
      WHERE finished_at IS NULL`);

    await runner.query(`
      CREATE TABLE key_set (
        source text NOT NULL,
        keys jsonb NOT NULL,
        fetched_at timestamptz NOT NULL,
        fresh_until timestamptz NOT NULL,
        CONSTRAINT key_set_pkey PRIMARY KEY (source)
      )`);

    await runner.query(`
      CREATE TABLE service_account (
        id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
        name text NOT NULL,
        login text NOT NULL,
        role text NOT NULL,
        is_disabled boolean NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT service_account_pkey PRIMARY KEY (id),
        CONSTRAINT service_account_name_key UNIQUE (name),
        CONSTRAINT service_account_login_key UNIQUE (login)
      )`);
    await runner.query(`
      CREATE TABLE service_account_token (
        id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
        service_account_id bigint NOT NULL,
        name text NOT NULL,
        hash text NOT NULL,
        created timestamptz NOT NULL,
        expires_at timestamptz,
        last_used_at timestamptz,
        is_revoked boolean NOT NULL,
        CONSTRAINT service_account_token_pkey PRIMARY KEY (id),
        CONSTRAINT service_account_token_hash_key UNIQUE (hash),
        CONSTRAINT service_account_token_name_key UNIQUE (service_account_id, name),
        CONSTRAINT service_account_token_service_account_id_fkey
          FOREIGN KEY (service_account_id) REFERENCES service_account (id) ON DELETE CASCADE
      )`);
    await runner.query(`
      CREATE TABLE role_assignment (
        service_account_id bigint NOT NULL,
        role_uid text NOT NULL,
        created_at timestamptz NOT NULL,
        CONSTRAINT role_assignment_pkey PRIMARY KEY (service_account_id, role_uid),
        CONSTRAINT role_assignment_service_account_id_fkey
          FOREIGN KEY (service_account_id) REFERENCES service_account (id) ON DELETE CASCADE
      )`);

    await runner.query(`
      CREATE TABLE audit_event (
        id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
        at timestamptz NOT NULL,
        actor text NOT NULL,
        action text NOT NULL,
        target text NOT NULL,
        detail jsonb NOT NULL,
        request_id text NOT NULL,
        CONSTRAINT audit_event_pkey PRIMARY KEY (id)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE audit_event, role_assignment, service_account_token, service_account, key_set,
        renewal_attempt, license_revocation, license, snapshot_version`);
  }
}
