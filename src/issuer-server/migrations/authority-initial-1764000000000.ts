import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The first tables of the issuer. */
export class AuthorityInitial1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE signing_key (
        kid text NOT NULL,
        alg text NOT NULL,
        private_jwk jsonb NOT NULL,
        created_at timestamptz NOT NULL,
        CONSTRAINT signing_key_pkey PRIMARY KEY (kid)
      )`);

    await runner.query(`
      CREATE TABLE issued_license (
        lid text NOT NULL,
        status text NOT NULL,
        sub text NOT NULL,
        prod text[] NOT NULL,
        company text,
        included_users integer,
        nbf bigint NOT NULL,
        lexp bigint NOT NULL,
        token_seconds bigint NOT NULL,
        lic_exp_warn_days integer NOT NULL,
        tok_exp_warn_days integer NOT NULL,
        update_days integer NOT NULL,
        last_iat bigint NOT NULL,
        revoked_at bigint,
        created_at timestamptz NOT NULL,
        CONSTRAINT issued_license_pkey PRIMARY KEY (lid),
        CONSTRAINT issued_license_status CHECK (status IN ('active', 'suspended', 'revoked')),
        CONSTRAINT issued_license_revoked CHECK ((status = 'revoked') = (revoked_at IS NOT NULL)),
        CONSTRAINT issued_license_token_seconds CHECK (token_seconds > 0)
      )`);

    await runner.query(`
      CREATE TABLE renewal (
        lid text NOT NULL,
        idempotency_key text NOT NULL,
        token text NOT NULL,
        iat bigint NOT NULL,
        exp bigint NOT NULL,
        CONSTRAINT renewal_pkey PRIMARY KEY (lid, idempotency_key),
        CONSTRAINT renewal_lid_fkey FOREIGN KEY (lid) REFERENCES issued_license (lid)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE renewal, issued_license, signing_key`);
  }
}
