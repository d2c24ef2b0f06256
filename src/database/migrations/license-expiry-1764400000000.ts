import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Remembers which tokens were seen expired, so that no clock that is set back makes one valid again. */
export class LicenseExpiry1764400000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE license_expiry (
        iss text NOT NULL,
        lid text NOT NULL,
        jti text NOT NULL,
        seen_at bigint NOT NULL,
        CONSTRAINT license_expiry_pkey PRIMARY KEY (iss, lid, jti)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE license_expiry`);
  }
}
