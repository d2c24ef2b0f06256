import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The database says which issuer it belongs to and how late it has been; a license keeps its newest token. */
export class AuthorityRecord1765300000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE issuer_record (
        id integer NOT NULL,
        issuer_id text NOT NULL,
        last_seen bigint NOT NULL,
        CONSTRAINT issuer_record_pkey PRIMARY KEY (id),
        CONSTRAINT issuer_record_one_row CHECK (id = 1)
      )`);
    await runner.query(`
      ALTER TABLE issued_license
        ADD COLUMN last_token text,
        ADD COLUMN ahead_iat bigint`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE issued_license DROP COLUMN last_token, DROP COLUMN ahead_iat`);
    await runner.query(`DROP TABLE issuer_record`);
  }
}
