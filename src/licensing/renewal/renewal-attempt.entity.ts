import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { INTEGER } from '../../database/integer-column.js';
import type { ErrorCode } from '../../domain/service-error.js';

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

  /** `renewed`, `unchanged`, `not-due` or an error's code. */
  @Column({ type: 'text', nullable: true })
  outcome!: string | null;

  /** Which process asks the issuer at present; null when nobody does. */
  @Column({ type: 'uuid', nullable: true })
  holder!: string | null;

  /** When the lease expires, on the database's clock: then another replica may take it. */
  @Column({ type: 'timestamptz', name: 'leased_until', nullable: true })
  leasedUntil!: Date | null;

  /** How many times the issuer was asked, under the one id. */
  @Column({ type: 'integer', default: 0 })
  calls!: number;

  /** The last of these calls whose outcome is known. */
  @Column({ type: 'integer', default: 0 })
  answered!: number;

  /** The failure of that call, for the callers that waited for it. */
  @Column({ type: 'jsonb', nullable: true })
  failure!: AttemptFailure | null;
}

/** The public side of a failure: what is behind it is in the log of the replica that made the call. */
export interface AttemptFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly detail?: string;
  /** Seconds. */
  readonly retryAfter?: number;
  /** What was at fault, where that is known: where operators look first. */
  readonly cause?: string;
}
