import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the instances report of the use of their licenses: the last counts, and the closed days. */
export class AuthorityUsage1795800000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE reported_usage (
        lid text NOT NULL,
        reported_at timestamptz NOT NULL,
        active_admins_and_editors bigint NOT NULL,
        active_viewers bigint NOT NULL,
        active_users bigint NOT NULL,
        active_anonymous_devices bigint NOT NULL,
        head_day integer,
        head_hash text,
        CONSTRAINT reported_usage_pkey PRIMARY KEY (lid),
        CONSTRAINT reported_usage_lid_fkey FOREIGN KEY (lid) REFERENCES issued_license (lid)
      )`);
    await runner.query(`
      CREATE TABLE reported_day (
        lid text NOT NULL,
        day integer NOT NULL,
        reported_at timestamptz NOT NULL,
        used bigint NOT NULL,
        seat_limit bigint,
        peak bigint NOT NULL,
        denials bigint NOT NULL,
        active_admins_and_editors bigint NOT NULL,
        active_viewers bigint NOT NULL,
        active_users bigint NOT NULL,
        active_anonymous_devices bigint NOT NULL,
        CONSTRAINT reported_day_pkey PRIMARY KEY (lid, day),
        CONSTRAINT reported_day_lid_fkey FOREIGN KEY (lid) REFERENCES issued_license (lid)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE reported_day');
    await runner.query('DROP TABLE reported_usage');
  }
}
