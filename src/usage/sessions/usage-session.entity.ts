import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { INTEGER } from '../../database/integer-column.js';

/** A session of a user. */
@Entity('usage_session')
export class UsageSessionEntity {
  /** As the product names it: it has to be told which ones end. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'usage_session_pkey' })
  session!: string;

  /** As in `usage_subject`. */
  @Column('text')
  @Index('usage_session_subject_idx')
  subject!: string;

  /** Unix seconds. */
  @Column({ ...INTEGER, name: 'started_at' })
  startedAt!: number;

  @Column({ ...INTEGER, name: 'last_at' })
  lastAt!: number;
}
