import { Column, Entity, PrimaryColumn } from 'typeorm';
import { INTEGER } from '../../database/integer-column.js';

/** A subject that was deleted: reports from before are still in the memory of replicas, and of the product. */
@Entity('usage_deletion')
export class UsageDeletionEntity {
  /** As in `usage_subject`. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'usage_deletion_pkey' })
  subject!: string;

  /** Reports of a moment up to this one are dropped, Unix seconds. */
  @Column(INTEGER)
  until!: number;
}
