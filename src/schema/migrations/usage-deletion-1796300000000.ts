import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whose late reports are dropped, because the person was deleted. */
export class UsageDeletion1796300000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE usage_deletion (
        subject text NOT NULL,
        until bigint NOT NULL,
        CONSTRAINT usage_deletion_pkey PRIMARY KEY (subject)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE usage_deletion');
  }
}
