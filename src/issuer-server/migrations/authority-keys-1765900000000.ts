import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A signing key has a state, and its private part can be encrypted or stand in a file. The newest key is the
 * one that signed.
 */
export class AuthorityKeys1765900000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE signing_key
        ADD COLUMN state text,
        ADD COLUMN public_jwk jsonb,
        ADD COLUMN private_sealed text,
        ADD COLUMN private_file text,
        ADD COLUMN activated_at timestamptz,
        ADD COLUMN verify_only_at timestamptz,
        ADD COLUMN retired_at timestamptz,
        ALTER COLUMN private_jwk DROP NOT NULL`);
    await runner.query(`
      UPDATE signing_key SET
        public_jwk = jsonb_build_object(
          'kty', 'EC', 'crv', private_jwk -> 'crv', 'x', private_jwk -> 'x', 'y', private_jwk -> 'y'),
        activated_at = created_at,
        verify_only_at = later.created,
        state = CASE WHEN later.created IS NULL THEN 'active' ELSE 'verify-only' END
      FROM (
        SELECT kid, lead(created_at) OVER (ORDER BY created_at, kid DESC) AS created FROM signing_key
      ) AS later
      WHERE later.kid = signing_key.kid`);
    await runner.query(`
      ALTER TABLE signing_key
        ALTER COLUMN state SET NOT NULL,
        ALTER COLUMN public_jwk SET NOT NULL,
        ADD CONSTRAINT signing_key_state CHECK (state IN ('published', 'active', 'verify-only', 'retired')),
        ADD CONSTRAINT signing_key_private_part CHECK (
          num_nonnulls(private_jwk, private_sealed, private_file) = CASE WHEN state = 'retired' THEN 0 ELSE 1 END)`);
    await runner.query(
      `CREATE UNIQUE INDEX signing_key_active_key ON signing_key (state) WHERE state = 'active'`,
    );
  }

  /** The shape before has no place for a key that is not there in clear. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DELETE FROM signing_key WHERE private_jwk IS NULL`);
    await runner.query(`DROP INDEX signing_key_active_key`);
    await runner.query(`
      ALTER TABLE signing_key
        DROP CONSTRAINT signing_key_state,
        DROP CONSTRAINT signing_key_private_part,
        DROP COLUMN state,
        DROP COLUMN public_jwk,
        DROP COLUMN private_sealed,
        DROP COLUMN private_file,
        DROP COLUMN activated_at,
        DROP COLUMN verify_only_at,
        DROP COLUMN retired_at,
        ALTER COLUMN private_jwk SET NOT NULL`);
  }
}
