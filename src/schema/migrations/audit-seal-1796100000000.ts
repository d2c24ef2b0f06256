import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The chain of hashes of the audit log, and what signs it. */
export class AuditSeal1796100000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE audit_event ADD COLUMN number bigint');
    await runner.query('ALTER TABLE audit_event ADD COLUMN hash text');
    await runner.query('CREATE UNIQUE INDEX audit_event_number_key ON audit_event (number)');
    await runner.query('CREATE INDEX audit_event_unsealed_idx ON audit_event (id) WHERE number IS NULL');
    await runner.query(`
      CREATE TABLE audit_seal (
        number bigint NOT NULL,
        first bigint NOT NULL,
        closed_at timestamptz NOT NULL,
        content text NOT NULL,
        hash text NOT NULL,
        key text NOT NULL,
        signature text NOT NULL,
        CONSTRAINT audit_seal_pkey PRIMARY KEY (number)
      )`);
    await runner.query(`
      CREATE TABLE audit_state (
        id smallint NOT NULL,
        signing_key text,
        CONSTRAINT audit_state_pkey PRIMARY KEY (id),
        CONSTRAINT audit_state_one_row CHECK (id = 1)
      )`);
    await runner.query('INSERT INTO audit_state (id) VALUES (1)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE audit_state');
    await runner.query('DROP TABLE audit_seal');
    await runner.query('DROP INDEX audit_event_unsealed_idx');
    await runner.query('DROP INDEX audit_event_number_key');
    await runner.query('ALTER TABLE audit_event DROP COLUMN hash');
    await runner.query('ALTER TABLE audit_event DROP COLUMN number');
  }
}
