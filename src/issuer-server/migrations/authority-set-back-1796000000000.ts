import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Remembers that the clock was behind the last use of the issuer. Releases before took no notice of that on a server: a
 * last use that is ahead of the server's clock counts as the present, so that an upgrade stops no issuer whose clock is
 * right. Embedded databases, which have the run of their machine, asked for an operator already.
 */
export class AuthoritySetBack1796000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE issuer_record ADD COLUMN set_back_at bigint');
    await runner.query(
      'UPDATE issuer_record SET last_seen = LEAST(last_seen, floor(extract(epoch FROM now()))::bigint) WHERE boot_id IS NULL',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE issuer_record DROP COLUMN set_back_at');
  }
}
