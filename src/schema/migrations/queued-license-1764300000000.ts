import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Holds a license of the next term beside the present one, and the key of the previous token, so that it can come back
 * when the issuer has retired that key. The index is for the history, which reads the newest records of licenses.
 */
export class QueuedLicense1764300000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE license
        ADD COLUMN previous_signing_key jsonb,
        ADD COLUMN queued_token text,
        ADD COLUMN queued_signing_key jsonb,
        ADD CONSTRAINT license_queued_whole CHECK (num_nulls(queued_token, queued_signing_key) IN (0, 2))`);
    await runner.query(`
      CREATE INDEX audit_event_license_idx ON audit_event (id) WHERE action LIKE 'license.%'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP INDEX audit_event_license_idx`);
    await runner.query(`
      ALTER TABLE license
        DROP CONSTRAINT license_queued_whole,
        DROP COLUMN previous_signing_key,
        DROP COLUMN queued_token,
        DROP COLUMN queued_signing_key`);
  }
}
