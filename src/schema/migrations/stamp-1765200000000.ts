import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A random stamp beside each counter, so that a restored backup with an equal counter is not taken for the
 * state that is in memory. The release before does not know the columns: it moves the counters alone, which
 * are compared too.
 */
export class Stamp1765200000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const table of ['snapshot_version', 'license']) {
      await runner.query(`ALTER TABLE ${table} ADD COLUMN stamp uuid NOT NULL DEFAULT gen_random_uuid()`);
      await runner.query(`ALTER TABLE ${table} ALTER COLUMN stamp DROP DEFAULT`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE license DROP COLUMN stamp`);
    await runner.query(`ALTER TABLE snapshot_version DROP COLUMN stamp`);
  }
}
