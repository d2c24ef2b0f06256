import { Column, Entity, PrimaryColumn } from 'typeorm';
import { INTEGER } from '../database/integer-column.js';

/** What one of the last changes changed. Written with the version that it made, in the same transaction. */
@Entity('snapshot_change')
export class SnapshotChangeEntity {
  /** The version that the change made. */
  @PrimaryColumn({ ...INTEGER, primaryKeyConstraintName: 'snapshot_change_pkey' })
  version!: number;

  /** Beside that version. */
  @Column('uuid')
  stamp!: string;

  /** Of the state that was changed: a chain of changes is one history only where these fit. */
  @Column('uuid', { name: 'former_stamp' })
  formerStamp!: string;

  /** Whose row, roles or tokens changed; empty for a change of the license. */
  @Column('bigint', { name: 'service_account_ids', array: true })
  serviceAccountIds!: string[];

  /** Whether a custom role was created, changed or deleted. A release that knows none leaves it out. */
  @Column('boolean', { name: 'roles_changed', default: false })
  rolesChanged!: boolean;
}
