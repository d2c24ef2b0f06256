import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Of which license the issuer has the days of usage. */
export class ReportedLicense1796200000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE usage_state ADD COLUMN reported_lid text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE usage_state DROP COLUMN reported_lid');
  }
}
