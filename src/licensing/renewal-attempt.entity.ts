import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { INTEGER } from '../database/integer-column.js';

/**
 * A renewal that was begun: written before the issuer is called. One whose outcome is not known, because the process
 * died or the line did, is taken up again under the same id, so that the issuer sees one attempt.
 */
@Entity('renewal_attempt')
@Index('renewal_attempt_open_key', ['generation', 'lid', 'jti'], {
  unique: true,
  where: 'finished_at IS NULL',
})
export class RenewalAttemptEntity {
  /** The `Idempotency-Key`. */
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'renewal_attempt_pkey' })
  id!: string;

  /** Of the license row when the attempt began. */
  @Column(INTEGER)
  generation!: number;

  /** Identity of the token that is renewed. */
  @Column('text')
  lid!: string;

  @Column('text')
  jti!: string;

  @Column('timestamptz', { name: 'started_at' })
  startedAt!: Date;

  @Column({ type: 'timestamptz', name: 'finished_at', nullable: true })
  finishedAt!: Date | null;

  /** `renewed`, `unchanged` or an error's code. */
  @Column({ type: 'text', nullable: true })
  outcome!: string | null;
}
