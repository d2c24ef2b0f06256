import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * With an embedded database the issuer's clock is held against the time since the machine started, over
 * restarts too.
 */
export class AuthorityBoot1766100000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE issuer_record ADD COLUMN boot_id text, ADD COLUMN booted_at bigint`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE issuer_record DROP COLUMN boot_id, DROP COLUMN booted_at`);
  }
}
