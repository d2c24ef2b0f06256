import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

const MOMENT = { type: 'timestamptz', nullable: true } as const;
const OPTIONAL_TEXT = { type: 'text', nullable: true } as const;

/** What is known of renewals, one row for all replicas: restarts forget nothing and repeat nothing. */
@Entity('renewal_state')
@Check('renewal_state_one_row', 'id = 1')
export class RenewalStateEntity {
  @PrimaryColumn({ type: 'smallint', primaryKeyConstraintName: 'renewal_state_pkey' })
  id!: number;

  /** Identity of the token that `nextAttemptAt` and `failures` are about. */
  @Column(OPTIONAL_TEXT)
  lid!: string | null;

  @Column(OPTIONAL_TEXT)
  jti!: string | null;

  /** When the next attempt is made that nobody asks for. */
  @Column({ ...MOMENT, name: 'next_attempt_at' })
  nextAttemptAt!: Date | null;

  /** Before this moment the issuer wants no call. */
  @Column({ ...MOMENT, name: 'not_before' })
  notBefore!: Date | null;

  /** In a row. */
  @Column('integer')
  failures!: number;

  /** How many waits after failures were taken in whole: the next one is the one after them. */
  @Column({ type: 'integer', name: 'back_off' })
  backOff!: number;

  @Column({ ...MOMENT, name: 'last_attempt_at' })
  lastAttemptAt!: Date | null;

  @Column({ ...MOMENT, name: 'last_success_at' })
  lastSuccessAt!: Date | null;

  /** `renewed`, `unchanged`, `not-due` or an error's code. */
  @Column({ ...OPTIONAL_TEXT, name: 'last_outcome' })
  lastOutcome!: string | null;

  /** What was at fault. */
  @Column({ ...OPTIONAL_TEXT, name: 'last_cause' })
  lastCause!: string | null;

  /** The public sentence of the failure. */
  @Column({ ...OPTIONAL_TEXT, name: 'last_message' })
  lastMessage!: string | null;
}
