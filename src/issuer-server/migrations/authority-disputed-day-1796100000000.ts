import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What else was reported of a day: one row for each day that is disputed. Releases before delete days without
 * knowing of it, so the row goes with its day.
 */
export class AuthorityDisputedDay1796100000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE disputed_day (
        lid text NOT NULL,
        day integer NOT NULL,
        disputed_at timestamptz NOT NULL,
        reported_at timestamptz NOT NULL,
        used bigint NOT NULL,
        seat_limit bigint,
        peak bigint NOT NULL,
        denials bigint NOT NULL,
        active_admins_and_editors bigint NOT NULL,
        active_viewers bigint NOT NULL,
        active_users bigint NOT NULL,
        active_anonymous_devices bigint NOT NULL,
        CONSTRAINT disputed_day_pkey PRIMARY KEY (lid, day),
        CONSTRAINT disputed_day_lid_day_fkey FOREIGN KEY (lid, day) REFERENCES reported_day (lid, day) ON DELETE CASCADE
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE disputed_day');
  }
}
