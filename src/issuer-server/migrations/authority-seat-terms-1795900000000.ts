import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What licenses say about seats besides their number, and which terms each was issued with. */
export class AuthoritySeatTerms1795900000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE issued_license
        ADD COLUMN included_admins integer,
        ADD COLUMN included_viewers integer,
        ADD COLUMN anonymous_ratio integer,
        ADD COLUMN max_sessions integer,
        ADD COLUMN usage_billing boolean NOT NULL DEFAULT false,
        ADD COLUMN seat_policy jsonb,
        ADD COLUMN issue_digest text`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE issued_license
        DROP COLUMN included_admins,
        DROP COLUMN included_viewers,
        DROP COLUMN anonymous_ratio,
        DROP COLUMN max_sessions,
        DROP COLUMN usage_billing,
        DROP COLUMN seat_policy,
        DROP COLUMN issue_digest`);
  }
}
