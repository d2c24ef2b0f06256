import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What the last changes changed, so that a replica reads again only that. The release before does not write it: its
 * changes leave gaps, after which everything is read again.
 */
export class SnapshotChange1795800000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE snapshot_change (
        version bigint NOT NULL,
        stamp uuid NOT NULL,
        former_stamp uuid NOT NULL,
        service_account_ids bigint[] NOT NULL,
        CONSTRAINT snapshot_change_pkey PRIMARY KEY (version)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE snapshot_change');
  }
}
