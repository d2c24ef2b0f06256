import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Where a change came from and what it replaced; refused requests, counted. */
export class Audit1796000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // The release before, which runs beside this one during an upgrade, writes rows without them.
    await runner.query(`ALTER TABLE audit_event ADD COLUMN client text NOT NULL DEFAULT ''`);
    await runner.query('ALTER TABLE audit_event ADD COLUMN before jsonb');
    await runner.query('CREATE INDEX audit_event_at_idx ON audit_event (at)');
    await runner.query('CREATE INDEX audit_event_actor_idx ON audit_event (actor, id)');
    await runner.query('CREATE INDEX audit_event_target_idx ON audit_event (target, id)');
    await runner.query(`
      CREATE TABLE audit_refusal (
        id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
        hour timestamptz NOT NULL,
        code text NOT NULL,
        client text NOT NULL,
        caller text NOT NULL,
        operation text NOT NULL,
        times bigint NOT NULL,
        first_at timestamptz NOT NULL,
        last_at timestamptz NOT NULL,
        CONSTRAINT audit_refusal_pkey PRIMARY KEY (id),
        CONSTRAINT audit_refusal_one_key UNIQUE (hour, code, client, caller, operation)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE audit_refusal');
    await runner.query('DROP INDEX audit_event_target_idx');
    await runner.query('DROP INDEX audit_event_actor_idx');
    await runner.query('DROP INDEX audit_event_at_idx');
    await runner.query('ALTER TABLE audit_event DROP COLUMN before');
    await runner.query('ALTER TABLE audit_event DROP COLUMN client');
  }
}
