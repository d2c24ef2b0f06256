import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who used the product and when, how many count, and the closed days. No name of a subject is in any of them. */
export class Usage1795900000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE usage_subject (
        subject text NOT NULL,
        role text NOT NULL,
        first_day integer NOT NULL,
        last_day integer NOT NULL,
        role_at bigint NOT NULL,
        freed_at bigint,
        CONSTRAINT usage_subject_pkey PRIMARY KEY (subject),
        CONSTRAINT usage_subject_days CHECK (first_day <= last_day)
      )`);
    await runner.query(`
      CREATE TABLE usage_count (
        day integer NOT NULL,
        role text NOT NULL,
        shard smallint NOT NULL,
        subjects bigint NOT NULL,
        CONSTRAINT usage_count_pkey PRIMARY KEY (day, role, shard)
      )`);
    await runner.query(`
      CREATE TABLE usage_state (
        id smallint NOT NULL,
        hash_key text,
        started_day integer,
        reported_day integer,
        CONSTRAINT usage_state_pkey PRIMARY KEY (id),
        CONSTRAINT usage_state_one_row CHECK (id = 1)
      )`);
    await runner.query('INSERT INTO usage_state (id) VALUES (1)');
    await runner.query(`
      CREATE TABLE usage_open_day (
        day integer NOT NULL,
        peak bigint NOT NULL,
        late bigint NOT NULL,
        terms text,
        CONSTRAINT usage_open_day_pkey PRIMARY KEY (day)
      )`);
    await runner.query(`
      CREATE TABLE usage_denial (
        day integer NOT NULL,
        subject text NOT NULL,
        role text NOT NULL,
        reason text NOT NULL,
        times bigint NOT NULL,
        last_at bigint NOT NULL,
        used bigint NOT NULL,
        seats bigint NOT NULL,
        CONSTRAINT usage_denial_pkey PRIMARY KEY (day, subject)
      )`);
    await runner.query(`
      CREATE TABLE usage_day (
        day integer NOT NULL,
        content text NOT NULL,
        hash text NOT NULL,
        CONSTRAINT usage_day_pkey PRIMARY KEY (day)
      )`);
    await runner.query(`
      CREATE TABLE usage_session (
        session text NOT NULL,
        subject text NOT NULL,
        started_at bigint NOT NULL,
        last_at bigint NOT NULL,
        CONSTRAINT usage_session_pkey PRIMARY KEY (session)
      )`);
    await runner.query('CREATE INDEX usage_session_subject_idx ON usage_session (subject)');
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['session', 'day', 'denial', 'open_day', 'state', 'count', 'subject'])
      await runner.query(`DROP TABLE usage_${table}`);
  }
}
