import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Roles that administrators make, and which changes were of them. */
export class CustomRole1796500000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE custom_role (
        uid text NOT NULL,
        name text NOT NULL,
        display_name text NOT NULL,
        description text NOT NULL,
        role_group text NOT NULL,
        actions text[] NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT custom_role_pkey PRIMARY KEY (uid),
        CONSTRAINT custom_role_name_key UNIQUE (name)
      )`);
    await runner.query('ALTER TABLE snapshot_change ADD COLUMN roles_changed boolean NOT NULL DEFAULT false');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE snapshot_change DROP COLUMN roles_changed');
    await runner.query('DROP TABLE custom_role');
  }
}
