import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Remembers up to which moment tokens were judged for good, so that no clock that is set back takes it back. */
export class LicenseMark1764400000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE license_mark (
        iss text NOT NULL,
        lid text NOT NULL,
        jti text NOT NULL,
        seen_at bigint NOT NULL,
        CONSTRAINT license_mark_pkey PRIMARY KEY (iss, lid, jti)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE license_mark`);
  }
}
