import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Remembers which key verified a license of a file or text. */
export class LicenseKey1764100000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE license_key (
        token_sha256 text NOT NULL,
        signing_key jsonb NOT NULL,
        exp bigint NOT NULL,
        CONSTRAINT license_key_pkey PRIMARY KEY (token_sha256)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE license_key`);
  }
}
