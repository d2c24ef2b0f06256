import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** What there is once for all replicas. */
@Entity('usage_state')
@Check('usage_state_one_row', 'id = 1')
export class UsageStateEntity {
  @PrimaryColumn({ type: 'smallint', primaryKeyConstraintName: 'usage_state_pkey' })
  id!: number;

  /** The key of the hashes where `USAGE_HASH_KEY` names none, made at the first start. */
  @Column({ type: 'text', name: 'hash_key', nullable: true })
  hashKey!: string | null;

  /** The first day of the ledger. */
  @Column({ type: 'integer', name: 'started_day', nullable: true })
  startedDay!: number | null;

  /** The license whose days the issuer took last. */
  @Column({ type: 'text', name: 'reported_lid', nullable: true })
  reportedLid!: string | null;

  /** The last day of it that the issuer took. */
  @Column({ type: 'integer', name: 'reported_day', nullable: true })
  reportedDay!: number | null;
}
