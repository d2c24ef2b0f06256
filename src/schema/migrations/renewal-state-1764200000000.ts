import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Lets replicas share one renewal, and keeps its schedule over restarts. */
export class RenewalState1764200000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE renewal_attempt
        ADD COLUMN holder uuid,
        ADD COLUMN leased_until timestamptz,
        ADD COLUMN calls integer NOT NULL DEFAULT 0,
        ADD COLUMN answered integer NOT NULL DEFAULT 0,
        ADD COLUMN failure jsonb`);
    await runner.query(`
      CREATE TABLE renewal_state (
        id smallint NOT NULL,
        lid text,
        jti text,
        next_attempt_at timestamptz,
        not_before timestamptz,
        failures integer NOT NULL,
        back_off integer NOT NULL,
        last_attempt_at timestamptz,
        last_success_at timestamptz,
        last_outcome text,
        last_cause text,
        last_message text,
        CONSTRAINT renewal_state_pkey PRIMARY KEY (id),
        CONSTRAINT renewal_state_one_row CHECK (id = 1)
      )`);
    await runner.query(`INSERT INTO renewal_state (id, failures, back_off) VALUES (1, 0, 0)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE renewal_state`);
    await runner.query(`
      ALTER TABLE renewal_attempt
        DROP COLUMN holder,
        DROP COLUMN leased_until,
        DROP COLUMN calls,
        DROP COLUMN answered,
        DROP COLUMN failure`);
  }
}
