import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { IssuedLicenseEntity } from '../licenses/issued-license.entity.js';
import { ActiveNumbers } from './active-numbers.entity.js';

/** What an instance said last of the use of its license. */
@Entity('reported_usage')
export class ReportedUsageEntity extends ActiveNumbers {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'reported_usage_pkey' })
  @ForeignKey(() => IssuedLicenseEntity, { name: 'reported_usage_lid_fkey' })
  lid!: string;

  /** The last day of the instance's ledger, days since 1970; null before its first one. */
  @Column({ type: 'integer', name: 'head_day', nullable: true })
  headDay!: number | null;

  /** The hash of that day, which stands for all days before it. */
  @Column({ type: 'text', name: 'head_hash', nullable: true })
  headHash!: string | null;
}
