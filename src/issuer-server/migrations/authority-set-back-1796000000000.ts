import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Remembers that the clock was behind the last use of the issuer. */
export class AuthoritySetBack1796000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE issuer_record ADD COLUMN set_back_at bigint');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE issuer_record DROP COLUMN set_back_at');
  }
}
