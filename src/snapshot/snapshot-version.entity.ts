import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import { INTEGER } from '../database/integer-column.js';

/**
 * The counter of changes: one row. Every transaction that changes the snapshot increments it. So such
 * transactions come one after the other, and a version names exactly one state.
 */
@Entity('snapshot_version')
@Check('snapshot_version_one_row', 'id = 1')
export class SnapshotVersionEntity {
  @PrimaryColumn({ type: 'smallint', primaryKeyConstraintName: 'snapshot_version_pkey' })
  id!: number;

  @Column(INTEGER)
  version!: number;

  /** Random, new with each change: a restored backup, or a server that lost writes, can have an equal version. */
  @Column('uuid')
  stamp!: string;
}
