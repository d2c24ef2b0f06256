import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tokens that never work again, though a provisioning file names them. */
export class RetiredToken1796600000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE retired_token (
        hash text NOT NULL,
        retired_at timestamptz NOT NULL,
        CONSTRAINT retired_token_pkey PRIMARY KEY (hash)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE retired_token');
  }
}
