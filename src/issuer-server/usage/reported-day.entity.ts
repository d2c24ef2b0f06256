import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { INTEGER } from '../../database/integer-column.js';
import { IssuedLicenseEntity } from '../licenses/issued-license.entity.js';

/** A closed day of a license, as it was reported first. */
@Entity('reported_day')
export class ReportedDayEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'reported_day_pkey' })
  @ForeignKey(() => IssuedLicenseEntity, { name: 'reported_day_lid_fkey' })
  lid!: string;

  /** Days since 1970. */
  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'reported_day_pkey' })
  day!: number;

  @Column('timestamptz', { name: 'reported_at' })
  reportedAt!: Date;

  @Column(INTEGER)
  used!: number;

  /** Null for any number. */
  @Column({ ...INTEGER, name: 'seat_limit', nullable: true })
  limit!: number | null;

  @Column(INTEGER)
  peak!: number;

  @Column(INTEGER)
  denials!: number;

  @Column({ ...INTEGER, name: 'active_admins_and_editors' })
  adminsAndEditors!: number;

  @Column({ ...INTEGER, name: 'active_viewers' })
  viewers!: number;

  @Column({ ...INTEGER, name: 'active_users' })
  users!: number;

  @Column({ ...INTEGER, name: 'active_anonymous_devices' })
  devices!: number;
}
