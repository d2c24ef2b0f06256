import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The sessions of the page. */
export class UiSession1796400000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE ui_session (
        id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
        hash text NOT NULL,
        caller text NOT NULL,
        token_id bigint,
        proof text,
        created_at timestamptz NOT NULL,
        last_used_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        address text NOT NULL,
        CONSTRAINT ui_session_pkey PRIMARY KEY (id),
        CONSTRAINT ui_session_hash_key UNIQUE (hash),
        CONSTRAINT ui_session_basis CHECK ((token_id IS NULL) <> (proof IS NULL)),
        CONSTRAINT ui_session_token_id_fkey FOREIGN KEY (token_id)
          REFERENCES service_account_token (id) ON DELETE CASCADE
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE ui_session');
  }
}
